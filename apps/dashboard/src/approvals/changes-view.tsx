import type { Commit, ConfigDifference, DeploymentChanges } from '@molo/contracts';
import { Card, Fact } from '../ui/card';
import { Given } from '../ui/given';

/** What a deployment would change of what is live. */
export function ChangesView({ changes: { live, image, commit, config, formation } }: { readonly changes: DeploymentChanges }) {
  return (
    <Card className="px-5 py-4">
      <dl className="flex flex-col gap-5">
        <Fact name="Live now">{live === null ? 'Nothing' : `v${live.number}${live.version === null ? '' : `, version ${live.version}`}`}</Fact>
        <Fact name="Image">
          {image.before === image.after ? 'The same' : <code className="font-mono text-[0.83rem] break-all">{`${short(image.before)} → ${short(image.after)}`}</code>}
        </Fact>
        <Fact name="Commits">
          <Commits before={commit.before} after={commit.after} added={commit.added} removed={commit.removed} />
        </Fact>
        <Fact name="Config">{config.length === 0 ? 'The same' : <ConfigChanges config={config} />}</Fact>
        <Fact name="Instances">{formation.length === 0 ? 'As many' : formation.map(({ processType, before, after }) => `${processType} ${before ?? 'none'} → ${after ?? 'none'}`).join(', ')}</Fact>
      </dl>
    </Card>
  );
}

function short(digest: string | null): string {
  return digest === null ? 'none' : digest.replace('sha256:', '').slice(0, 12);
}

function Commits({ before, after, added, removed }: DeploymentChanges['commit']) {
  if (after === null || before?.id === after.id) return 'The same';
  return (
    <ul className="flex flex-col gap-1 font-normal">
      {(added.length === 0 ? [after] : added).map((each) => (
        <CommitLine key={each.id} mark="+" commit={each} />
      ))}
      {removed.map((each) => (
        <CommitLine key={each.id} mark="−" commit={each} />
      ))}
    </ul>
  );
}

function CommitLine({ mark, commit }: { readonly mark: '+' | '−'; readonly commit: Commit }) {
  return (
    <li className="flex gap-2">
      <span className={mark === '+' ? 'text-good' : 'text-bad'}>
        <span aria-hidden>{mark}</span>
        <span className="sr-only">{mark === '+' ? 'comes:' : 'goes:'}</span>
      </span>
      <code className="font-mono text-[0.83rem] leading-6">{commit.id.slice(0, 7)}</code>
      <span className="min-w-0 wrap-anywhere">
        <Given text={commit.subject} /> <span className="text-ink-soft">(<Given text={commit.author} />)</span>
      </span>
    </li>
  );
}

const kinds = { added: { mark: '+', tone: 'text-good', word: 'added' }, changed: { mark: '~', tone: 'text-warn', word: 'changed' }, removed: { mark: '−', tone: 'text-bad', word: 'removed' } } as const;

function ConfigChanges({ config }: { readonly config: readonly ConfigDifference[] }) {
  return (
    <ul className="flex flex-col gap-1 font-normal">
      {config.map(({ key, kind, secret, before, after }) => (
        <li key={key} className="flex gap-2">
          <span className={kinds[kind].tone}>
            <span aria-hidden>{kinds[kind].mark}</span>
            <span className="sr-only">{kinds[kind].word}:</span>
          </span>
          <code className="font-mono text-[0.83rem] leading-6 font-medium break-all">{key}</code>
          <span className="min-w-0 text-ink-soft wrap-anywhere">{secret ? `secret, ${kinds[kind].word}` : <Values before={before} after={after} />}</span>
        </li>
      ))}
    </ul>
  );
}

function Values({ before, after }: Pick<ConfigDifference, 'before' | 'after'>) {
  return (
    <>
      {before !== null && <Given text={before} />}
      {before !== null && after !== null && ' → '}
      {after !== null && <Given text={after} />}
    </>
  );
}
