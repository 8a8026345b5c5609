package sandbox

import "zapis/contract"

// Find names the operation that a request is for, and the parameters of its path; nil when no operation has such an
// address. escapedPath begins with /api/v1, /api/v2 or /marketplace.
func Find(method, escapedPath string) (op *contract.Operation, params map[string]string) {
	r, params := match(method, escapedPath)
	if r == nil {
		return nil, nil
	}
	return r.op, params
}
