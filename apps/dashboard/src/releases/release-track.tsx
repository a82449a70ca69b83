'use client';

import { type KeyboardEvent, useEffect, useRef } from 'react';
import type { Release } from '@molo/contracts';
import { shownReasons, shownStates } from '../deployments/deployment-states';
import { countOf, formatDuration } from '../text/quantities';
import { Ago } from '../ui/ago';
import { Chip, type Tone } from '../ui/chip';
import { classNames } from '../ui/class-names';
import { MiniStack } from './layer-stack';
import { layersOf } from './layers';
import { ReasonIcon } from './reason-icon';
import { isClean, receiptColour } from './receipt-view';

interface ReleaseTrackProps {
  /** Newest first, as the platform lists them. */
  readonly releases: readonly Release[];
  readonly selected: number;
  readonly onSelect: (number: number) => void;
  readonly panelId: string;
}

/** The pier: releases from the oldest on the left to the newest on the right, the live one lit. */
export function ReleaseTrack({ releases, selected, onSelect, panelId }: ReleaseTrackProps) {
  const track = useRef<HTMLDivElement>(null);
  const inTime = releases.toReversed();
  useEffect(() => {
    track.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [selected, releases.length]);
  const move = (event: KeyboardEvent) => {
    const to = neighbour(event.key, inTime.findIndex((release) => release.number === selected), inTime.length);
    const release = to === null ? undefined : inTime[to];
    if (release === undefined) return;
    event.preventDefault();
    onSelect(release.number);
    track.current?.querySelector<HTMLElement>(`#release-${release.number}`)?.focus();
  };
  return (
    <div ref={track} role="tablist" aria-label="Releases, oldest first" onKeyDown={move} className="-mx-4 flex snap-x overflow-x-auto scroll-px-4 px-4 pt-1 pb-3 sm:-mx-6 sm:px-6">
      {inTime.map((release, index) => (
        <Berth key={release.id} release={release} first={index === 0} last={index === inTime.length - 1} selected={release.number === selected} onSelect={onSelect} panelId={panelId} />
      ))}
    </div>
  );
}

function neighbour(key: string, index: number, count: number): number | null {
  switch (key) {
    case 'ArrowLeft':
      return Math.max(0, index - 1);
    case 'ArrowRight':
      return Math.min(count - 1, index + 1);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}

interface BerthProps {
  readonly release: Release;
  readonly first: boolean;
  readonly last: boolean;
  readonly selected: boolean;
  readonly onSelect: (number: number) => void;
  readonly panelId: string;
}

function Berth({ release, first, last, selected, onSelect, panelId }: BerthProps) {
  const { number, version, deployment } = release;
  return (
    <div className="relative flex max-w-72 min-w-[11.5rem] flex-1 snap-center flex-col pr-3 last:pr-0" role="presentation">
      <span aria-hidden className={classNames('absolute top-[9px] h-[3px] bg-line-strong', first ? 'left-5' : 'left-0', last ? 'w-5' : 'right-0', first && last && 'hidden')} />
      <Post release={release} />
      <button
        type="button"
        role="tab"
        id={`release-${number}`}
        aria-selected={selected}
        aria-controls={panelId}
        tabIndex={selected ? 0 : -1}
        onClick={() => onSelect(number)}
        className={classNames(
          'mt-3 flex flex-1 flex-col gap-2.5 rounded-xl border p-3.5 text-left transition-colors',
          selected ? 'border-harbour bg-surface shadow-card ring-1 ring-harbour' : 'border-line bg-surface/60 hover:border-line-strong hover:bg-surface',
        )}
      >
        <span className="flex w-full items-start justify-between gap-2">
          <span className="tabular truncate text-[1.7rem] leading-none font-semibold tracking-tight">{version ?? `v${number}`}</span>
          {release.live ? <Chip tone="good">Live</Chip> : deployment?.state === 'failed' ? <Chip tone="bad">Failed</Chip> : null}
        </span>
        <span className="text-[0.83rem] leading-snug text-ink-soft">
          <span className="flex items-center gap-1">
            <span className="font-medium text-ink">v{number}</span> · <ReasonIcon reason={release.reason} /> {shownReasons[release.reason]}
          </span>
          <Ago at={release.createdAt} />
        </span>
        <MiniStack layers={layersOf(release)} />
        <Outcome release={release} />
      </button>
    </div>
  );
}

const postTones: Record<Tone, string> = { good: 'border-good bg-good', warn: 'border-warn bg-warn', bad: 'border-bad bg-surface', busy: 'border-harbour bg-harbour-soft breathing', quiet: 'border-line-strong bg-surface' };

function Post({ release }: { readonly release: Release }) {
  const tone = release.live ? 'good' : release.deployment === null ? 'quiet' : release.deployment.state === 'live' ? 'quiet' : shownStates[release.deployment.state].tone;
  return <span aria-hidden className={classNames('relative ml-4 block size-[21px] rounded-full border-[5px] ring-4 ring-ground', postTones[tone])} />;
}

function Outcome({ release }: { readonly release: Release }) {
  const receipt = release.deployment?.receipt;
  if (receipt === null || receipt === undefined) return <span className="text-[0.8rem] text-ink-faint">{release.deployment === null ? 'Not deployed' : shownStates[release.deployment.state].label}</span>;
  return (
    <span className="tabular mt-auto flex justify-between gap-2 text-[0.8rem]">
      <span className={classNames(receiptColour(receipt, release.deployment?.state), !isClean(receipt) && 'font-semibold')}>{countOf(receipt.failed, 'failed request')}</span>
      <span className="text-ink-faint">{formatDuration(receipt.durationMs)}</span>
    </span>
  );
}
