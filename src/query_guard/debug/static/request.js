export function showRequest(main) { main.textContent = 'request'; }
