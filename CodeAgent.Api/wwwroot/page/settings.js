// What the server lets the page know without a key. Asked for once.

let answer;

/** `{ dashboard? }`: the address of the dashboard, where there is one. */
export function settings() {
  return answer ??= fetch("/page/settings").then(response => response.ok ? response.json() : {}).catch(() => {
    answer = undefined;
    return {};
  });
}
