package sandbox

import (
	"encoding/json"
	"net/http"
)

// shaped answers a success with data in the shape of the operation's sample: its keys and
// kinds, at every depth. total goes into the meta where the sample has a count there.
func (c *call) shaped(data any, total int) answer {
	if c.route.op.Method != http.MethodGet {
		c.applied = true
	}
	status, body := documented(c.route.op)
	envelope, isObject := body.(obj)
	shape, wrapped := envelope["data"]
	switch {
	case body == nil:
		return enveloped(status, data, nil)
	case !isObject || !wrapped:
		return answer{status: status, body: molded(data, body)}
	}
	envelope["data"] = molded(data, shape)
	if meta, ok := envelope["meta"].(obj); ok {
		for _, key := range []string{"count", "total_count"} {
			if _, there := meta[key]; there {
				meta[key] = total
			}
		}
	}
	return answer{status: status, body: envelope}
}

// molded gives a value the keys and kinds of a sample. A null stays, and so does [] for an
// object, which is how the API spells none.
func molded(v, shape any) any {
	switch shape := shape.(type) {
	case obj:
		if len(shape) == 0 {
			return v
		}
		o, ok := v.(obj)
		if !ok {
			return v
		}
		out := obj{}
		for key, example := range shape {
			if x, there := o[key]; there {
				out[key] = molded(x, example)
			} else {
				out[key] = blank(example)
			}
		}
		return out
	case []any:
		list, ok := v.([]any)
		if !ok || len(shape) == 0 {
			return v
		}
		out := make([]any, 0, len(list))
		for _, x := range list {
			out = append(out, molded(x, shape[0]))
		}
		return out
	case json.Number:
		if v == nil {
			return nil
		}
		return as(shape, v)
	case nil:
		return v
	}
	if v == nil {
		return nil
	}
	return as(shape, v)
}
