/** What somebody might throw, each with the given text wherever it can hold one. */
export function hostileErrors(text: string): Readonly<Record<string, () => unknown>> {
  return {
    'an error': () => new Error(text),
    'an error of an error of an error': () => {
      const innermost = new TypeError(text, { cause: { text, headers: { authorization: text } } });
      return new Error(text, { cause: new RangeError(text, { cause: innermost }) });
    },
    'its own cause': () => withItself(new Error(text)),
    'several errors in one': () => new AggregateError([new Error(text), text], text),
    'an error of the AWS SDK': () =>
      Object.assign(new Error(`${text} is not authorized`), {
        name: 'AccessDeniedException',
        $fault: 'client',
        $metadata: { httpStatusCode: 400, requestId: text, extendedRequestId: text },
        $response: { statusCode: 400, headers: { authorization: text }, body: text },
        config: { url: `https://example.com/?key=${text}`, headers: { authorization: text } },
      }),
    'an error of an HTTP client': () =>
      Object.assign(new Error(text), { code: 'ECONNRESET', request: { path: text }, body: text }),
    'an error whose code and name are sentences': () =>
      Object.assign(new Error(text), { code: `the code ${text}`, name: `the name ${text}` }),
    'an error whose message looks like a stack': () =>
      new Error(
        `${text}\n    at ${wordOf(text)} (file:///${wordOf(text)}.ts:1:1)\n    at ${wordOf(text)}:2:2`,
      ),
    'an error whose stack is a sentence': () =>
      Object.assign(new Error(), { stack: `${text}\n  at ${text}` }),
    'an error with a property that is shown': () =>
      Object.assign(new Error(text), { toJSON: () => text, toString: () => text, inspect: () => text }),
    'an error with getters that throw': () => withThrowingGetters(text),
    'an object with getters that throw': () =>
      Object.defineProperty({}, 'name', { enumerable: true, get: () => raise(text) }),
    'a frozen error': () => Object.freeze(new Error(text)),
    'a frozen object': () => Object.freeze({ message: text, code: text, name: text }),
    'a text': () => text,
    'a symbol': () => Symbol(text),
    'a function': () => Object.assign(() => text, { code: text }),
    'a number': () => 42,
    null: () => null,
    undefined: () => undefined,
  };
}

/** What a frame of a stack could be called. */
function wordOf(text: string): string {
  return /\w+/.exec(text)?.[0] ?? 'word';
}

function withItself(error: Error): Error {
  error.cause = error;
  return error;
}

function withThrowingGetters(text: string): Error {
  const error = new Error(text);
  for (const property of ['message', 'stack', 'code', 'name', 'cause', '$metadata', 'constructor']) {
    Object.defineProperty(error, property, { enumerable: true, get: () => raise(text) });
  }
  return error;
}

function raise(text: string): never {
  throw new Error(`${text} in a getter`);
}
