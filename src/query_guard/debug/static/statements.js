export function showStatements(main) { main.textContent = 'statements'; }
