/** What a person must do first; the status is the program's. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  /** @param status 1: a fault; 3: this machine lacks something; 130: the person ended it */
  constructor(message: string, status: 1 | 3 | 130 = 1) {
    super(message);
    this.status = status;
  }
}

/** On stderr: stdout belongs to kubectl. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
