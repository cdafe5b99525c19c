import type { Answer } from './errors.ts';
import { toOwnError } from './errors.ts';
import type { Face } from './face.ts';
import { describeObject, describeParent } from './introspection.ts';
import type { Member } from './member.ts';
import { propertiesInterface } from './properties.ts';
import { introspectable, introspectableInterface, peer, peerInterface } from './standard.ts';

/** What can be called at one path. Maps, because whatever a stranger names is looked up in them. */
export interface BusObject {
  readonly interfaces: ReadonlyMap<string, ReadonlyMap<string, Member>>;
  readonly extraArguments: 'refused' | 'ignored';
  readonly unknownInterface: 'UnknownInterface' | 'UnknownMethod';
  toError(fault: unknown): Answer;
}

export type Objects = ReadonlyMap<string, BusObject>;

/** The objects of these faces, and their parents, which have nothing but names. */
export function objectsOf(faces: readonly Face[]): Objects {
  const objects = new Map<string, BusObject>();
  for (const [path, children] of parentsOf(faces.map((face) => face.path))) {
    objects.set(path, {
      interfaces: interfaces([introspectableInterface, introspectable(describeParent([...children]))]),
      extraArguments: 'refused',
      unknownInterface: 'UnknownInterface',
      toError: toOwnError,
    });
  }
  for (const face of faces) {
    const { xml, propertyMethods, extraArguments, unknownInterface, toError } = face;
    const settable = propertyMethods.some(({ name }) => name === 'Set');
    objects.set(face.path, {
      interfaces: interfaces(
        [face.interface, face.methods],
        [propertiesInterface, propertyMethods],
        [introspectableInterface, introspectable(describeObject(xml, settable))],
      ),
      extraArguments,
      unknownInterface,
      toError,
    });
  }
  return objects;
}

/** Where nothing is. It can still be pinged. */
export const nowhere: BusObject = {
  interfaces: interfaces(),
  extraArguments: 'refused',
  unknownInterface: 'UnknownInterface',
  toError: toOwnError,
};

type Row = readonly [name: string, members: readonly Member[]];

function interfaces(...rows: readonly Row[]): BusObject['interfaces'] {
  const withPeer: readonly Row[] = [...rows, [peerInterface, peer]];
  return new Map(
    withPeer.map(([name, members]) => [name, new Map(members.map((member) => [member.name, member]))] as const),
  );
}

/** "/a/b" has the parents "/", with the child "a", and "/a", with the child "b". */
function parentsOf(paths: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const parents = new Map<string, Set<string>>();
  for (const path of paths) {
    const names = path.slice(1).split('/');
    for (const [depth, name] of names.entries()) {
      const parent = `/${names.slice(0, depth).join('/')}`;
      const children = parents.get(parent) ?? new Set<string>();
      parents.set(parent, children.add(name));
    }
  }
  return parents;
}
