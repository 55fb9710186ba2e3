// A report as an assertion of a test.

export function assertion(report) {
	const worst = Math.max(0, ...report.findings.map((finding) => finding.saved_statements || 0));
	const most = report.query_count - worst;
	const lines = ["from query_guard.testing import assert_max_queries", "", `with assert_max_queries(${most}):`];
	if (report.kind !== "http") return [...lines, "    ...", ""].join("\n");
	const path = JSON.stringify(report.path || report.route || "/");
	const isTemplate = /\{\w/.test(path) ? "  # fill in the parameters of the path" : "";
	return [...lines, `    client.request(${JSON.stringify(report.method)}, ${path})${isTemplate}`, ""].join("\n");
}
