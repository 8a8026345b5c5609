package yclients

import (
	"net/url"
	"strconv"
)

// query builds the query string of a call. Zero values are left out.
type query url.Values

func (q query) values() url.Values { return url.Values(q) }

func (q query) int(name string, n int64) {
	if n != 0 {
		url.Values(q).Set(name, strconv.FormatInt(n, 10))
	}
}

func (q query) text(name, s string) {
	if s != "" {
		url.Values(q).Set(name, s)
	}
}

// flag writes 1: the API ignores true.
func (q query) flag(name string, on bool) {
	if on {
		url.Values(q).Set(name, "1")
	}
}

// ints writes name=1&name=2. Lists in brackets have them in their name.
func (q query) ints(name string, list []int64) {
	for _, n := range list {
		url.Values(q).Add(name, strconv.FormatInt(n, 10))
	}
}

func (q query) texts(name string, list []string) {
	for _, s := range list {
		url.Values(q).Add(name, s)
	}
}
