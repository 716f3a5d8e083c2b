// Package rbac answers what a token may do within one organisation.
package rbac

import "slices"

// Role is what a member is; Permission is what a route asks for.
type (
	Role       string
	Permission string
)

// The roles, from most to least trusted.
const (
	Admin    Role = "admin"
	Operator Role = "operator"
	Viewer   Role = "viewer"
	Agent    Role = "agent"
)

// The permissions.
const (
	AlertsRead      Permission = "alerts:read"
	AlertsWrite     Permission = "alerts:write"
	AgentsRead      Permission = "agents:read"
	HeartbeatsWrite Permission = "heartbeats:write"
	MembersRead     Permission = "members:read"
	MembersWrite    Permission = "members:write"
)

// grants is written out in full: with a hierarchy ("operator is viewer plus
// …") one edit can widen a role that nobody looked at. An agent cannot read:
// its token lies on many machines and is the likeliest to be stolen.
var grants = map[Role][]Permission{
	Admin:    {AlertsRead, AlertsWrite, AgentsRead, HeartbeatsWrite, MembersRead, MembersWrite},
	Operator: {AlertsRead, AlertsWrite, AgentsRead, MembersRead},
	Viewer:   {AlertsRead, AgentsRead},
	Agent:    {HeartbeatsWrite},
}

// Valid reports whether the role is one of ours.
func (r Role) Valid() bool {
	_, known := grants[r]
	return known
}

// Allows reports whether the role carries the permission. An unknown role
// carries none: it fails closed.
func (r Role) Allows(p Permission) bool { return slices.Contains(grants[r], p) }
