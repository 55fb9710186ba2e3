export function showGuard(main) { main.textContent = 'guard'; }
