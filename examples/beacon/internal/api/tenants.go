package api

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"example.com/beacon/internal/monitoring"
	"example.com/beacon/internal/rbac"
)

func (s *Server) listAlerts(w http.ResponseWriter, _ *http.Request, who caller) {
	writeJSON(w, http.StatusOK, struct {
		Alerts []monitoring.Alert `json:"alerts"`
	}{who.view.Alerts()})
}

func (s *Server) dismissAlert(w http.ResponseWriter, r *http.Request, who caller) {
	if !who.view.Dismiss(chi.URLParam(r, "alert")) {
		notFound(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) listAgents(w http.ResponseWriter, _ *http.Request, who caller) {
	writeJSON(w, http.StatusOK, struct {
		Agents []monitoring.Agent `json:"agents"`
	}{who.view.Agents()})
}

// heartbeat is what an agent sends. The metrics are a map and not samples: an
// agent reports about itself, so it has no subject to choose.
type heartbeat struct {
	Agent   string             `json:"agent"`
	Version string             `json:"version"`
	Metrics map[string]float64 `json:"metrics"`
}

func (s *Server) heartbeat(w http.ResponseWriter, r *http.Request, who caller) {
	var beat heartbeat
	if !readJSON(w, r, &beat) {
		return
	}
	if beat.Agent == "" || len(beat.Agent) > 64 {
		invalid(w, "agent must be 1 to 64 bytes long")
		return
	}
	samples := make([]monitoring.Sample, 0, len(beat.Metrics))
	for metric, value := range beat.Metrics {
		samples = append(samples, monitoring.Sample{Subject: "agent/" + beat.Agent, Metric: metric, Value: value})
	}
	// A map has no order, and the order decides which alert gets which ID.
	slices.SortFunc(samples, func(a, b monitoring.Sample) int { return cmp.Compare(a.Metric, b.Metric) })
	who.view.Seen(monitoring.Agent{Name: beat.Agent, Version: beat.Version, LastSeen: s.Now().UTC()})
	s.Evaluator.Apply(who.view, samples)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) listMembers(w http.ResponseWriter, _ *http.Request, who caller) {
	writeJSON(w, http.StatusOK, struct {
		Members []rbac.Member `json:"members"`
	}{who.access.Members()})
}

type memberRequest struct {
	Name string    `json:"name"`
	Role rbac.Role `json:"role"`
}

type memberResponse struct {
	Member rbac.Member `json:"member"`
	Token  string      `json:"token"`
}

// addMember grants a role and shows the new member's token, once.
func (s *Server) addMember(w http.ResponseWriter, r *http.Request, who caller) {
	var request memberRequest
	if !readJSON(w, r, &request) {
		return
	}
	if request.Name == "" || len(request.Name) > 64 || !request.Role.Valid() {
		invalid(w, "name must be 1 to 64 bytes long and role one of admin, operator, viewer, agent")
		return
	}
	member := rbac.Member{ID: s.NewID(), Name: request.Name, Role: request.Role}
	secret := s.NewSecret()
	if err := who.access.Grant(member, secret); err != nil {
		s.Log.Error("add member", "org", who.org.String(), "cause", err)
		internalError(w)
		return
	}
	writeJSON(w, http.StatusCreated, memberResponse{Member: member, Token: bearer(who.org, secret)})
}
