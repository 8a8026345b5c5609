// Package sandbox emulates the YCLIENTS REST API in memory: a small salon
// chain with masters, services, working days and records, an SMS inbox, and
// every unkindness of the real service that is known, each with a switch.
//
// It is stateful (a booked time disappears from the free ones), hostile
// (rate refusals that look like empty answers, lost answers, expired codes)
// and honest: every operation answers, what is not played is checked against
// the contract and answered with its documented sample, and GET
// /_sandbox/fidelity lists how far every operation goes.
//
// In a test one line starts it:
//
//	sb := sandbox.Start(t, sandbox.WithLimits(sandbox.Off))
//	client := yclients.New(sb.URL(), ...)
//
// [StartMemory] does the same without a socket, for testing/synctest. Outside
// of tests [New] gives a [Sandbox] whose [Sandbox.Handler] is served by the
// caller.
//
// The API lives under /api/v1, /api/v2 and /marketplace; the control API under
// /_sandbox, which neither faults nor limits touch. All tokens, phones and
// people in it are fictional.
package sandbox
