// Package version holds the one string by which a build names itself.
package version

// value is set at link time with -X, so that a release and a development
// build come from the same source. It is a variable because the linker can
// set nothing else.
var value = "0.0.0-dev"

// String returns the version that this binary was linked with.
func String() string { return value }
