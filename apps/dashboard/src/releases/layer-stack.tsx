import type { ImageLayer, LayerKind } from '@molo/contracts';
import { formatBytes } from '../text/quantities';
import { classNames } from '../ui/class-names';
import { barShare, layerNames, strataOf, type Stratum } from './layers';

const layerColours: Record<LayerKind, string> = {
  'os-base': 'bg-layer-os-base',
  'os-custom': 'bg-layer-os-custom',
  binary: 'bg-layer-binary',
  library: 'bg-layer-library',
  source: 'bg-layer-source',
};

/** The strata at a glance: source on top, those that did not move hatched. */
export function MiniStack({ layers }: { readonly layers: readonly ImageLayer[] }) {
  const strata = strataOf(layers);
  const moved = strata.filter((stratum) => stratum.moved).map((stratum) => layerNames[stratum.kind]);
  return (
    <span role="img" aria-label={moved.length === 0 ? 'No layer moved' : `Moved: ${moved.join(', ')}`} className="flex w-full flex-col gap-[3px]">
      {strata.toReversed().map((stratum) => (
        <span key={stratum.kind} className={classNames('h-[7px] rounded-[2px]', layerColours[stratum.kind], !stratum.moved && 'layer-kept')} />
      ))}
    </span>
  );
}

/** The image of a release, layer by layer, from the source down to the base. */
export function LayerStack({ layers }: { readonly layers: readonly ImageLayer[] }) {
  const strata = strataOf(layers);
  const largest = Math.max(...strata.map((stratum) => stratum.bytes), 1);
  const moved = strata.filter((stratum) => stratum.moved);
  const total = strata.reduce((sum, stratum) => sum + stratum.bytes, 0);
  return (
    <div className="flex flex-col gap-3">
      <table className="w-full text-[0.9rem]">
        <caption className="sr-only">Layers of the image</caption>
        <thead className="sr-only">
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Size</th>
            <th scope="col">Moved</th>
          </tr>
        </thead>
        <tbody>
          {strata.toReversed().map((stratum) => (
            <StratumRow key={stratum.kind} stratum={stratum} share={barShare(stratum.bytes, largest)} />
          ))}
        </tbody>
      </table>
      <p className="text-[0.87rem] text-ink-soft">
        {moved.length === 0 ? (
          <>Nothing moved: all {formatBytes(total)} were there already.</>
        ) : (
          <>
            Moved <strong className="font-semibold text-ink">{formatBytes(moved.reduce((sum, stratum) => sum + stratum.movedBytes, 0))}</strong> of {formatBytes(total)}, {moved.length} of {strata.length} layers.
          </>
        )}
      </p>
    </div>
  );
}

function StratumRow({ stratum, share }: { readonly stratum: Stratum; readonly share: number }) {
  return (
    <tr>
      <th scope="row" className="w-[5.6rem] py-[3px] text-left font-medium whitespace-nowrap">
        {layerNames[stratum.kind]}
        {stratum.layers > 1 && <span className="ml-1 text-[0.78rem] font-normal text-ink-faint">×{stratum.layers}</span>}
      </th>
      <td className="py-[3px]">
        <span className="flex items-center gap-2.5">
          <span className="h-6 flex-1 rounded-[5px] bg-sunken">
            <span className={classNames('block h-6 rounded-[5px]', layerColours[stratum.kind], !stratum.moved && 'layer-kept')} style={{ width: `${share * 100}%` }} />
          </span>
          <span className="tabular w-16 text-right">{formatBytes(stratum.bytes)}</span>
        </span>
      </td>
      <td className="w-16 py-[3px] pl-3 text-[0.8rem] whitespace-nowrap">{stratum.moved ? <span className="font-semibold text-harbour-strong">moved</span> : <span className="text-ink-faint">kept</span>}</td>
    </tr>
  );
}
