/* Switches between dark and light: the system decides until the user presses the button. */

const STORAGE_KEY = "theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

/** Dispatches "themechange" whenever the colours changed, for what draws on a canvas. */
export const theme = new EventTarget();

export function startTheme(button) {
  const { dataset } = document.documentElement;
  const stored = localStorage.getItem(STORAGE_KEY);
  if (stored) dataset.theme = stored;
  const isDark = () => (dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const showChange = () => {
    button.textContent = isDark() ? "Light theme" : "Dark theme";
    theme.dispatchEvent(new Event("themechange"));
  };
  button.addEventListener("click", () => {
    dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem(STORAGE_KEY, dataset.theme);
    showChange();
  });
  dark.addEventListener("change", showChange);
  showChange();
}

/** Returns the colour, as "rgb(...)", that a custom property has in the present theme. */
export function getThemeColour(property) {
  const probe = document.createElement("span");
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
