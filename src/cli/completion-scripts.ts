import type { CommandNode, OptionNode, ValueKind } from './command-tree';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const PROGRAM = 'pulsar-io-kinesis';

/** The script that teaches `shell` the commands of `tree`. */
export function completionScript(shell: Shell, tree: readonly CommandNode[]): string {
  return SCRIPTS[shell](tree);
}

const SCRIPTS: { readonly [shell in Shell]: (tree: readonly CommandNode[]) => string } = { bash, zsh, fish };

/** One line of a table: what may follow a command, or one of its options that takes a value. */
interface Place {
  /** Words of the command, and of the option behind a colon: `offsets get`, `offsets get:--config`. */
  readonly at: string;
  readonly words: readonly { readonly text: string; readonly help: string }[];
  readonly files: boolean;
}

function placesOf(tree: readonly CommandNode[]): Place[] {
  return tree.flatMap((node) => {
    const at = node.path.join(' ');
    const words = [
      ...node.commands.map(({ name, help }) => ({ text: name, help })),
      ...choices(node.argument).map((text) => ({ text, help: '' })),
      ...node.options.map(({ long, help }) => ({ text: long, help })),
    ];
    const values = node.options.flatMap((option) =>
      option.value === undefined ? [] : valuePlaces(at, option, option.value),
    );
    return [{ at, words, files: node.argument === 'file' }, ...values];
  });
}

function valuePlaces(at: string, { long, short }: OptionNode, value: ValueKind): Place[] {
  const words = choices(value).map((text) => ({ text, help: '' }));
  const names = short === undefined ? [long] : [long, short];
  return names.map((name) => ({ at: `${at}:${name}`, words, files: value === 'file' }));
}

const choices = (value: ValueKind | undefined): readonly string[] => (typeof value === 'object' ? value : []);

/** In single quotes, for any of the three shells. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The help text of a word: its first sentence, without what a table of words could not hold. */
const brief = (text: string): string => text.split(/[\n;]|: /)[0]?.trim() ?? '';

/**
 * Finds the words typed so far that name a command, whether an option waits for its value, and what may follow there; bash
 * and zsh.
 * @param cases branches of a `case`, one a place
 */
function lookUp(tree: readonly CommandNode[], places: readonly Place[], cases: readonly string[]): string {
  const names = tree.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.join(' ')));
  return `  local at='' option='' word
  for word in "\${typed[@]}"; do
    option=''
    case "$word" in
      -*) option=$word; continue ;;
    esac
    case "\${at:+$at }$word" in
      ${names.join('|')}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at:$option" in
    ${withValues(places)}) at="$at:$option" ;;
  esac
  case "$at" in
${cases.join('\n')}
  esac`;
}

/** Options that wait for a value: behind any other, the command's own words follow. */
function withValues(places: readonly Place[]): string {
  return places
    .filter(({ at }) => at.includes(':'))
    .map(({ at }) => quoted(at))
    .join('|');
}

function bash(tree: readonly CommandNode[]): string {
  const places = placesOf(tree);
  const cases = places.map(({ at, words, files }) => {
    const list = words.map(({ text }) => text).join(' ');
    return `    ${quoted(at)}) words=${quoted(list)}; files=${files ? 1 : ''} ;;`;
  });
  return `# Completion of ${PROGRAM} for bash: source it, or put it where bash-completion looks.
_pulsar_io_kinesis() {
  local typed=("\${COMP_WORDS[@]:1:COMP_CWORD-1}") words='' files=''
${lookUp(tree, places, cases)}
  local typing=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=($(compgen -W "$words" -- "$typing"))
  if [ -n "$files" ]; then
    COMPREPLY+=($(compgen -f -- "$typing"))
    compopt -o filenames 2> /dev/null
  fi
}
complete -F _pulsar_io_kinesis ${PROGRAM}
`;
}

function zsh(tree: readonly CommandNode[]): string {
  const places = placesOf(tree);
  const cases = places.map(({ at, words, files }) => {
    const described = words.map(({ text, help }) => quoted(help === '' ? text : `${text}:${brief(help)}`));
    return `    ${quoted(at)}) found=(${described.join(' ')}); files=${files ? 1 : ''} ;;`;
  });
  return `#compdef ${PROGRAM}
# Completion of ${PROGRAM} for zsh: put it as _${PROGRAM} into a folder of $fpath, or source it behind compinit.
_pulsar_io_kinesis() {
  local -a typed found
  typed=("\${(@)words[2,CURRENT-1]}")
  local files=''
${lookUp(tree, places, cases)}
  (( \${#found} )) && _describe '${PROGRAM}' found
  [ -n "$files" ] && _files
  return 0
}
compdef _pulsar_io_kinesis ${PROGRAM}
`;
}

function fish(tree: readonly CommandNode[]): string {
  const lines = tree.flatMap((node) => {
    const at = node.path.join(' ');
    const start = `complete -c ${PROGRAM} -n ${quoted(`__pulsar_io_kinesis_at ${quoted(at)}`)}`;
    const words = [
      ...node.commands.map(({ name, help }) => `-a ${quoted(name)} -d ${quoted(brief(help))}`),
      ...choices(node.argument).map((word) => `-a ${quoted(word)}`),
      ...(node.argument === 'file' ? ['-F'] : []),
      ...node.options.map(fishOption),
    ];
    return words.map((word) => `${start} ${word}`);
  });
  const paths = tree.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.join(' ')));
  return `# Completion of ${PROGRAM} for fish: put it as ${PROGRAM}.fish into ~/.config/fish/completions.
function __pulsar_io_kinesis_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim "$at $word")
    contains -- "$next" ${paths.join(' ')}; and set at $next
  end
  test "$at" = "$argv[1]"
end
complete -c ${PROGRAM} -f
${lines.join('\n')}
`;
}

function fishOption({ long, short, help, value }: OptionNode): string {
  const names = `-l ${long.replace(/^--/, '')}${short === undefined ? '' : ` -s ${short.replace('-', '')}`}`;
  const takes =
    value === undefined
      ? ''
      : value === 'file'
        ? ' -r -F'
        : ` -x${typeof value === 'object' ? ` -a ${quoted(value.join(' '))}` : ''}`;
  return `${names}${takes} -d ${quoted(brief(help))}`;
}
