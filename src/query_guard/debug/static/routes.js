export function showRoutes(main) { main.textContent = 'routes'; }
