// The CDK CLI looks every five seconds whether a stack is done, which on the embedded cloud it mostly is in one.
const FIVE_SECONDS = 5000;
const SOON = 250;

globalThis.setTimeout = new Proxy(globalThis.setTimeout, {
  apply: (set, self, [callback, delay, ...rest]) =>
    Reflect.apply(set, self, [callback, delay === FIVE_SECONDS ? SOON : delay, ...rest]),
});
