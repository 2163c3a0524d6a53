/** Arithmetic as people type it into a number: `512*1.5`, `(64+8)/2`, `2^10`, `*2` of what is there. */

/** What a text amounts to; null if it is no arithmetic. `now` is what a leading `*` or `/` takes. */
export function evaluate(text: string, now = Number.NaN): number | null {
  const tokens = tokensOf(text);
  if (tokens === null || tokens.length === 0) return null;
  const relative = tokens[0] === "*" || tokens[0] === "/";
  const reader = new Reader(relative ? [String(now), ...tokens] : tokens);
  const value = reader.sum();
  if (value === null || !reader.isOver || !Number.isFinite(value)) return null;
  // 0.1+0.2 is meant to be 0.3.
  return Number(value.toPrecision(15));
}

const TOKEN = /\s*(\d+(?:[.,]\d*)?(?:e[-+]?\d+)?|[.,]\d+|\*\*|[-+*/%^()])/iy;

function tokensOf(text: string): string[] | null {
  const written = text.trim().replace(/[×·]/g, "*").replace(/÷/g, "/").replace(/−/g, "-");
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < written.length) {
    const found = TOKEN.exec(written);
    if (found === null) return null;
    tokens.push((found[1] as string).replace(",", "."));
  }
  return tokens;
}

/** One method for each level of binding, loosest first. */
class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get isOver(): boolean {
    return this.#at === this.#tokens.length;
  }

  #take(...wanted: string[]): string | null {
    const token = this.#tokens[this.#at];
    if (token === undefined || !wanted.includes(token)) return null;
    this.#at++;
    return token;
  }

  sum(): number | null {
    let left = this.#product();
    for (let sign = this.#take("+", "-"); sign !== null; sign = this.#take("+", "-")) {
      const right = this.#product();
      if (left === null || right === null) return null;
      left = sign === "+" ? left + right : left - right;
    }
    return left;
  }

  #product(): number | null {
    let left = this.#signed();
    for (let sign = this.#take("*", "/", "%"); sign !== null; sign = this.#take("*", "/", "%")) {
      const right = this.#signed();
      if (left === null || right === null) return null;
      left = sign === "*" ? left * right : sign === "/" ? left / right : left % right;
    }
    return left;
  }

  #signed(): number | null {
    const sign = this.#take("+", "-");
    if (sign === null) return this.#power();
    const value = this.#signed();
    return value === null || sign === "+" ? value : -value;
  }

  /** Binds to the right, and more than a sign before it: -2^2 is -4. */
  #power(): number | null {
    const base = this.#atom();
    if (base === null || this.#take("^", "**") === null) return base;
    const exponent = this.#signed();
    return exponent === null ? null : base ** exponent;
  }

  #atom(): number | null {
    if (this.#take("(") !== null) {
      const inner = this.sum();
      return this.#take(")") === null ? null : inner;
    }
    const token = this.#tokens[this.#at];
    if (token === undefined || !/^[\d.NI-]/.test(token) || token === "-") return null;
    this.#at++;
    return Number(token);
  }
}
