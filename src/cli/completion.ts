import { flagsAlone, flagsOf } from './commandline.ts';
import type { Verb } from './verb.ts';
import type { Flag } from './words.ts';

/** Completion for bash: verbs, flags, users, processes, and granted threads where only they can be meant. */
export const bashCompletion = (
  verbs: readonly Verb[],
): string => `# rtbroker(1), completed by bash. Made from the table of verbs.
_rtbroker() {
	local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} verb='' words='' at
	for ((at = 1; at < COMP_CWORD; at++)); do
		case \${COMP_WORDS[at]} in
		--bus) ((at++)) ;;
		-*) ;;
		*) verb=\${COMP_WORDS[at]} && break ;;
		esac
	done

	case $verb:$before in
${verbs.flatMap((verb) => verb.flags.filter(({ value }) => value !== undefined).map((flag) => valueCase(verb, flag))).join('\n')}
	*:--bus) return ;;
	esac
	case $verb in
	'') words='${[...verbs.map(({ name }) => name), ...long(flagsAlone)].join(' ')}' ;;
${verbs.map(verbCase).join('\n')}
	esac
	# shellcheck disable=SC2207 # no word has a blank in it
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}
# What we know nothing of may be a file.
complete -o default -F _rtbroker rtbroker
`;

const long = (flags: readonly Flag[]): readonly string[] => flags.map(({ name }) => `--${name}`);

function valueCase({ name }: Verb, { name: flag, short, value }: Flag): string {
  const patterns = [`--${flag}`, ...(short === undefined ? [] : [`-${short}`])].map((each) => `${name}:${each}`);
  // shellcheck's SC2207 again: user names have no blanks.
  const deed = value === 'USER' ? '# shellcheck disable=SC2207\n\t\tCOMPREPLY=($(compgen -u -- "$word"))\n\t\t' : '';
  return deed === '' ? `\t${patterns.join(' | ')}) return ;;` : `\t${patterns.join(' | ')})\n\t\t${deed}return\n\t\t;;`;
}

function verbCase(verb: Verb): string {
  const flags = long(flagsOf(verb)).join(' ');
  if (verb.startsProgram)
    return `\t${verb.name})\n\t\t# shellcheck disable=SC2207\n\t\t[[ $word == -* ]] || { COMPREPLY=($(compgen -c -- "$word")) && return; }\n\t\twords='${flags}'\n\t\t;;`;
  const threads = verb.operands.some((operand) => operand.includes('PID')) ? threadsFor(verb) : '';
  return `\t${verb.name}) words=${threads === '' ? `'${flags}'` : `"${flags} ${threads}"`} ;;`;
}

/** What gives something back or takes it away needs somebody who has it. */
const threadsFor = ({ name }: Verb): string =>
  name === 'release' || name === 'demote' ? '$(rtbroker list 2>/dev/null | cut -f 2)' : '$(cd /proc && echo [0-9]*)';
