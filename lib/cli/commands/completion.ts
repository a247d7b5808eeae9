import { toVisibleJson } from '../../text.ts';
import { type DescribedCommand, defineCommand, toUsageError } from '../command.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const command = defineCommand({
  isData: true,
  options: {},
  examples: [
    'completion bash > ~/.local/share/bash-completion/completions/crisp-enrich',
    'completion fish | source',
  ],
  async run({ words, isJson, output, describeCommands }) {
    const [shell, ...more] = words;
    const name = SHELLS.find((it) => it === shell);
    if (name === undefined || more.length > 0) throw toUsageError(`say which shell: ${SHELLS.join(', ')}`);
    const commands = await describeCommands();
    await output.write(isJson ? `${toVisibleJson({ commands }, 2)}\n` : WRITERS[name](commands));
    return 0;
  },
});

const WRITERS = { bash: toBash, zsh: toZsh, fish: toFish };

/** What may follow the words typed until now: the next words of commands, or the options of a whole one. */
function toChoices(commands: readonly DescribedCommand[]): ReadonlyMap<string, readonly string[]> {
  const choices = new Map<string, string[]>();
  const add = (typed: string, choice: string) => {
    const known = choices.get(typed) ?? [];
    if (!known.includes(choice)) choices.set(typed, [...known, choice]);
  };
  for (const { name, options } of commands) {
    const words = name.split(' ');
    for (const [at, word] of words.entries()) add(words.slice(0, at).join(' '), word);
    for (const option of options) add(name, `--${option.name}`);
  }
  return choices;
}

function toCases(commands: readonly DescribedCommand[]): string {
  return [...toChoices(commands)]
    .map(([typed, all]) => `    '${typed}') words='${all.join(' ')}' ;;\n`)
    .join('');
}

// The words before the cursor that are no options, two at most: commands have no more.
function toBash(commands: readonly DescribedCommand[]): string {
  return `_crisp_enrich() {
  local typed='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) typed="\${typed:+$typed }$word" ;; esac
  done
  while :; do
    case "$typed" in
${toCases(commands)}    esac
    [ -n "$words" ] && break
    case "$typed" in *' '*) typed="\${typed% *}" ;; *) break ;; esac
  done
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _crisp_enrich crisp-enrich
`;
}

function toZsh(commands: readonly DescribedCommand[]): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${toBash(commands)}`;
}

function toFish(commands: readonly DescribedCommand[]): string {
  const lines = commands.flatMap(({ name, summary, options }) => {
    const words = name.split(' ');
    const [first = '', second] = words;
    const isGroup = second !== undefined;
    const seen = isGroup
      ? `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`
      : `__fish_seen_subcommand_from ${first}`;
    return [
      isGroup
        ? `complete -c crisp-enrich -f -n '__fish_use_subcommand' -a ${first}`
        : `complete -c crisp-enrich -f -n '__fish_use_subcommand' -a ${first} -d ${quote(summary)}`,
      ...(isGroup
        ? [
            `complete -c crisp-enrich -f -n '__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${seconds(commands, first)}' -a ${second} -d ${quote(summary)}`,
          ]
        : []),
      ...options.map(
        ({ name: option, help, takesValue }) =>
          `complete -c crisp-enrich -n '${seen}' -l ${option}${takesValue ? ' -r' : ''} -d ${quote(help)}`,
      ),
    ];
  });
  return `${[...new Set(lines)].join('\n')}\n`;
}

function seconds(commands: readonly DescribedCommand[], group: string): string {
  return commands
    .map(({ name }) => name.split(' '))
    .filter(([first, second]) => first === group && second !== undefined)
    .map(([, second]) => second)
    .join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
