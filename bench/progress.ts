/** One line about what a bench is doing: rewritten in place on a terminal, printed on every change otherwise. */
export class Progress {
  private readonly since = performance.now();
  private readonly timer: NodeJS.Timeout | null;
  private text = '';

  constructor() {
    this.timer = process.stderr.isTTY ? setInterval(() => this.draw(), 1000) : null;
    this.timer?.unref();
  }

  say(text: string): void {
    this.text = text;
    if (this.timer === null) process.stderr.write(`${this.line()}\n`);
    else this.draw();
  }

  /** Clears the line: what is printed from now on is the result. */
  end(): void {
    if (this.timer === null) return;
    clearInterval(this.timer);
    process.stderr.write('\r\u001b[2K');
  }

  private draw(): void {
    process.stderr.write(`\r\u001b[2K${this.line()}`);
  }

  private line(): string {
    const seconds = Math.floor((performance.now() - this.since) / 1000);
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    return `${clock}  ${this.text}`;
  }
}
