import { describe } from 'vitest';
import { authorityContract } from '../contracts/authority.ts';
import { FakeAuthority } from './authority.ts';

const words = { yes: 'allow', no: 'refuse', challenge: 'challenge', nothing: 'unavailable' } as const;

describe('the fake authority', () =>
  authorityContract(() => {
    const authority = new FakeAuthority();
    return {
      authority,
      say: (word, password = true) => {
        authority.mood = words[word];
        authority.permits = words[word];
        authority.password = password;
      },
    };
  }));
