'use client';

import { useEffect } from 'react';
import { successorOf } from './successor';

/** Where what has the focus goes away, puts it on what one goes on with: the browser would begin again at the top of the page. */
export function FocusKeeper() {
  useEffect(() => {
    let focused: Element | null = null;
    const come = ({ target }: FocusEvent) => {
      focused = target as Element;
    };
    // Left on purpose, as by a click beside it, it is still there a moment later; and another window takes no focus from it.
    const leave = ({ target }: FocusEvent) =>
      queueMicrotask(() => {
        if (focused?.isConnected === true && focused === target && document.activeElement !== focused) focused = null;
      });
    const removals = new MutationObserver((records) => {
      if (focused === null || focused.isConnected || document.activeElement !== document.body) return;
      const successor = successorOf(focused, records);
      focused = null;
      successor?.focus();
    });
    document.addEventListener('focusin', come);
    document.addEventListener('focusout', leave);
    removals.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener('focusin', come);
      document.removeEventListener('focusout', leave);
      removals.disconnect();
    };
  }, []);
  return null;
}
