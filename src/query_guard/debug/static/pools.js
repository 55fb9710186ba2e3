export function showPools(main) { main.textContent = 'pools'; }
