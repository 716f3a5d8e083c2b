package api

import (
	"net/http"

	"example.com/beacon/internal/rbac"
)

// route is one line of the API. It can be made only by public and guarded,
// so a route that touches an organisation's data cannot lack a permission.
type route struct {
	method     string
	pattern    string
	permission rbac.Permission // empty for a public route
	handle     http.HandlerFunc
}

func public(method, pattern string, handle http.HandlerFunc) route {
	return route{method: method, pattern: pattern, handle: handle}
}

func (s *Server) guarded(method, pattern string, permission rbac.Permission, handle scopedHandler) route {
	return route{
		method: method, pattern: "/api/orgs/{org}" + pattern, permission: permission,
		handle: s.guard(permission, handle),
	}
}

// routes is the whole API.
func (s *Server) routes() []route {
	return []route{
		public("GET", "/healthz", s.health),
		public("GET", "/metrics", s.metrics),
		public("GET", "/api/version", s.version),
		public("POST", "/api/public/signup", s.signup),
		public("GET", "/download/agent", s.downloadAgent),

		s.guarded("GET", "/alerts", rbac.AlertsRead, s.listAlerts),
		s.guarded("DELETE", "/alerts/{alert}", rbac.AlertsWrite, s.dismissAlert),
		s.guarded("GET", "/agents", rbac.AgentsRead, s.listAgents),
		s.guarded("POST", "/heartbeats", rbac.HeartbeatsWrite, s.heartbeat),
		s.guarded("GET", "/members", rbac.MembersRead, s.listMembers),
		s.guarded("POST", "/members", rbac.MembersWrite, s.addMember),
	}
}
