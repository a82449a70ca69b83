import { Button } from '../ui/button';
import { CopyButton } from '../ui/copy-button';
import { Dialog } from '../ui/dialog';
import { Notice } from '../ui/notice';

interface RecoveryCodesShownProps {
  readonly codes: readonly string[];
  readonly onClose: () => void;
}

export function RecoveryCodesShown({ codes, onClose }: RecoveryCodesShownProps) {
  return (
    <Dialog title="Keep your recovery codes" onClose={onClose}>
      <div className="flex flex-col gap-5">
        <Notice tone="warn" title="They are shown this once">
          Each signs you in once, with your password, when the authenticator app is gone. Keep them apart from the password.
        </Notice>
        <div data-focus-first className="flex items-start gap-2 rounded-lg border border-line bg-sunken py-2 pr-1 pl-4">
          <ol aria-label="Recovery codes" className="grid flex-1 gap-x-6 font-mono text-[0.9rem] leading-7 sm:grid-cols-2">
            {codes.map((code) => (
              <li key={code}>{code}</li>
            ))}
          </ol>
          <CopyButton text={codes.join('\n')} label="Copy the recovery codes" />
        </div>
        <div className="flex justify-end">
          <Button tone="primary" onClick={onClose}>
            Done
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
