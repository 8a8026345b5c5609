package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// sender is where a request comes from, as far as it can be believed.
type sender struct {
	addr netip.Addr
	tls  bool
}

// client finds the sender. X-Forwarded-For is read from the right, as long as trusted proxies wrote it: what stands
// further left was written by whoever liked to.
func client(r *http.Request, trusted []netip.Prefix) sender {
	from := sender{addr: address(r.RemoteAddr), tls: r.TLS != nil}
	if !within(from.addr, trusted) {
		return from
	}
	if proto := r.Header.Get("X-Forwarded-Proto"); strings.EqualFold(proto, "https") {
		from.tls = true
	}
	chain := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(chain) {
		addr := address(strings.TrimSpace(hop))
		if !addr.IsValid() {
			return from
		}
		from.addr = addr
		if !within(addr, trusted) {
			return from
		}
	}
	return from
}

// counted is the form under which an address is counted. A household has a whole /64 of IPv6.
func (s sender) counted() string {
	if s.addr.Is6() {
		if p, err := s.addr.WithZone("").Prefix(64); err == nil && !s.addr.IsLoopback() {
			return p.String()
		}
	}
	return s.addr.String()
}

// address reads an address with or without port.
func address(text string) netip.Addr {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap()
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}

func within(addr netip.Addr, prefixes []netip.Prefix) bool {
	return addr.IsValid() && slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr.WithZone("")) })
}

// loopbackHost reports a Host header that names this very machine, as its own user typed it.
func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	return address(host).IsLoopback()
}

// language is the first of ru and en in an Accept-Language header, by quality; Russian when it names neither.
func language(header string) string {
	best, lang := -1.0, "ru"
	if header == "" {
		return lang
	}
	for i, part := range strings.SplitN(header, ",", 20) {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if primary != "ru" && primary != "en" {
			continue
		}
		if q := quality(params); q > best && q > 0 && i < 19 {
			best, lang = q, primary
		}
	}
	return lang
}

// quality reads the q of an Accept-Language entry; 1 when absent, 0 when broken.
func quality(params string) float64 {
	_, text, ok := strings.Cut(strings.ReplaceAll(params, " ", ""), "q=")
	if !ok {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || q != q || q < 0 || q > 1 {
		return 0
	}
	return q
}
