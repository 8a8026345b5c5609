package gateway

// Patterns are all routes of the mux but the last resort.
func (g *Gateway) Patterns() []string {
	var list []string
	for _, op := range g.operations {
		list = append(list, op.Method+" "+op.Path)
	}
	return append(list, g.plain...)
}

// Operations counts the routes of the API.
func (g *Gateway) Operations() int { return len(g.operations) }
