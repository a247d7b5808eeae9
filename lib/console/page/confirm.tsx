import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useShared } from './store.ts';

interface ConfirmedProps {
  readonly onAct: (confirm: string | undefined) => Promise<void>;
  readonly children: ComponentChildren;
  readonly isPrimary?: boolean;
  /** The button that the key `r` presses. */
  readonly isRetry?: boolean;
  readonly label?: string;
}

/**
 * A button that acts at once in local mode, and against a deployed stage asks for its name to be typed. It cannot be
 * pressed again before the first press is answered.
 */
export function Confirmed({ onAct, children, isPrimary = false, isRetry = false, label }: ConfirmedProps) {
  const confirm = useShared((shared) => shared.overview?.bar.confirm ?? null);
  const [isAsking, setAsking] = useState(false);
  const [isActing, setActing] = useState(false);
  const isBusy = useRef(false);
  const act = async (typed: string | undefined) => {
    setAsking(false);
    // The second click of a double click comes before the button is drawn anew.
    if (isBusy.current) return;
    isBusy.current = true;
    setActing(true);
    await onAct(typed).finally(() => {
      isBusy.current = false;
      setActing(false);
    });
  };
  return (
    <>
      <button
        type="button"
        class={isPrimary ? 'button is-primary' : 'button'}
        disabled={isActing}
        data-retry={isRetry || undefined}
        aria-label={label}
        onClick={() => (confirm === null ? void act(undefined) : setAsking(true))}
      >
        {children}
      </button>
      {isAsking && confirm !== null && (
        <Question name={confirm} onYes={() => void act(confirm)} onNo={() => setAsking(false)}>
          {children}
        </Question>
      )}
    </>
  );
}

interface QuestionProps {
  readonly name: string;
  readonly onYes: () => void;
  readonly onNo: () => void;
  readonly children: ComponentChildren;
}

function Question({ name, onYes, onNo, children }: QuestionProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [typed, setTyped] = useState('');
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    if (typed === name) onYes();
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={`${id}-title`} onClose={onNo}>
      <form onSubmit={submit}>
        <h2 id={`${id}-title`}>{children}?</h2>
        <p>
          This changes a deployed stage. Type <code>{name}</code> to go on.
        </p>
        <input
          class="input"
          aria-label={`Type ${name}`}
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          autocomplete="off"
          spellcheck={false}
        />
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={onNo}>
            Cancel
          </button>
          <button type="submit" class="button is-primary" disabled={typed !== name}>
            {children}
          </button>
        </div>
      </form>
    </dialog>
  );
}
