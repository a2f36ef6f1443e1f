/* Formats the values of metrics, of which CloudWatch tells no unit. */

const NUMBER = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Formats a value: four digits, and of large ones every whole digit. */
export const formatNumber = (value) => (Math.abs(value) >= 1000 ? WHOLE : NUMBER).format(value);
