import type { Candidates } from './candidates.js';
import { readLine, replacements } from './bash-line.js';

/** How a shell asks what may stand at the cursor, and how it is told. */
export interface Shell {
  /** Reads what the shell's script hands over: the words before the current one, and it as far as the cursor. */
  readonly read: (given: readonly string[]) => { readonly words: readonly string[]; readonly current: string } | 'files' | undefined;
  /** One line for each candidate; a first line before them says how they are to be taken. */
  readonly write: (given: readonly string[], found: Exclude<Candidates, 'files'>) => readonly string[];
  /** Defines functions and no more, so that a shell that starts waits for nothing. */
  readonly script: string;
  readonly once: string;
  readonly forGood: readonly string[];
}

export const shellNames = ['bash', 'zsh', 'fish'] as const;

/** Bash hands over the line up to the cursor, and the end of it which it will replace. */
const bash: Shell = {
  read: ([text = '']) => {
    const line = readLine(text);
    if (!line) return undefined;
    return line.isRedirected ? 'files' : { words: line.words.slice(1), current: line.current };
  },
  write: ([text = '', replaced = ''], found) => replacements(text, replaced, found.map(({ word }) => word)),
  script: `# Completion of molo for bash. All that it offers it asks of molo itself, so it needs no renewal.
_molo() {
  local answer kind=
  COMPREPLY=()
  while IFS= read -r answer; do
    if [[ -z $kind ]]; then kind=$answer; else COMPREPLY+=("$answer"); fi
  done < <(molo complete bash -- "\${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null </dev/null)
  case $kind in
    files) compopt -o default 2>/dev/null ;;
    parts) compopt -o nospace 2>/dev/null ;;
  esac
}
complete -o nosort -F _molo molo 2>/dev/null || complete -F _molo molo
`,
  once: 'source <(molo completion bash)',
  forGood: [
    'mkdir -p ~/.local/share/bash-completion/completions',
    'molo completion bash > ~/.local/share/bash-completion/completions/molo',
    '# without the package bash-completion, also:',
    "echo 'source ~/.local/share/bash-completion/completions/molo' >> ~/.bashrc",
  ],
};

const zsh: Shell = {
  read: words,
  // A colon stands between the word and what is said about it.
  write: (_given, found) => found.map(({ word, about }) => word.replaceAll(/[\\:]/g, '\\$&') + (about === '' ? '' : `:${about}`)),
  script: `#compdef molo
# Completion of molo for zsh. All that it offers it asks of molo itself, so it needs no renewal.
_molo() {
  local -a answers
  answers=("\${(@f)$(molo complete zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  local kind=$answers[1]
  shift answers
  case $kind in
    files) _files ;;
    parts) _describe -V 'molo' answers -S '' ;;
    words) _describe -V 'molo' answers ;;
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _molo "$@"
else
  compdef _molo molo
fi
`,
  once: 'source <(molo completion zsh)',
  forGood: [
    'mkdir -p ~/.zfunc && molo completion zsh > ~/.zfunc/_molo',
    '# in ~/.zshrc, before any compinit that is there:',
    'fpath=(~/.zfunc $fpath); autoload -Uz compinit && compinit',
  ],
};

const fish: Shell = {
  read: words,
  write: (_given, found) => found.map(({ word, about }) => `${word}\t${about}`),
  script: `# Completion of molo for fish. All that it offers it asks of molo itself, so it needs no renewal.
function __molo_complete
    set -l before (commandline -opc)
    set -e before[1]
    set -l current (commandline -ct)
    set -l answers (molo complete fish -- $before "$current" 2>/dev/null </dev/null)
    set -l kind $answers[1]
    set -e answers[1]
    switch "$kind"
        case files
            __fish_complete_path "$current"
        case words parts
            printf '%s\\n' $answers
    end
end
complete -c molo -e
complete -c molo -k -f -a '(__molo_complete)'
`,
  once: 'molo completion fish | source',
  forGood: ['mkdir -p ~/.config/fish/completions', 'molo completion fish > ~/.config/fish/completions/molo.fish'],
};

export const shells: Readonly<Record<(typeof shellNames)[number], Shell>> = { bash, zsh, fish };

function words(given: readonly string[]): { words: readonly string[]; current: string } {
  return { words: given.slice(0, -1), current: given.at(-1) ?? '' };
}
