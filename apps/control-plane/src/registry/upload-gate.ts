import { Injectable } from '@nestjs/common';

/**
 * What goes to the registry with nothing there yet to refer to it passes here: as long as somebody is on the way, the gate
 * cannot be closed; as long as it is closed, they wait.
 */
@Injectable()
export class UploadGate {
  #onTheWay = 0;
  #opened: Promise<void> | null = null;

  /** @param upload ends once a row in the database refers to what it uploaded */
  async pass<T>(upload: () => Promise<T>): Promise<T> {
    while (this.#opened) await this.#opened;
    this.#onTheWay += 1;
    try {
      return await upload();
    } finally {
      this.#onTheWay -= 1;
    }
  }

  /** @returns what opens the gate again; null where somebody is on the way, or it is closed already */
  close(): (() => void) | null {
    if (this.#onTheWay > 0 || this.#opened) return null;
    let open = () => {};
    this.#opened = new Promise((resolve) => (open = resolve));
    return () => {
      this.#opened = null;
      open();
    };
  }
}
