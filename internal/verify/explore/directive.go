package explore

import (
	"fmt"
	"go/ast"
	"strings"
)

// directive is the beginning of every comment line that is meant for the
// explorer.
const directive = "//explore:"

// directives reads the directives of f and notes the functions to skip.
func (r *rewriter) directives(f *ast.File) {
	functions := map[*ast.Comment]*ast.FuncDecl{}
	for _, d := range f.Decls {
		if d, ok := d.(*ast.FuncDecl); ok && d.Doc != nil && d.Body != nil {
			for _, c := range d.Doc.List {
				functions[c] = d
			}
		}
	}
	for _, group := range f.Comments {
		for _, c := range group.List {
			text, ok := strings.CutPrefix(c.Text, directive)
			if !ok {
				continue
			}
			name, reason, _ := strings.Cut(text, " ")
			switch d := functions[c]; {
			case name != "skip":
				r.unknown(c, "unknown directive "+directive+name)
			case strings.TrimSpace(reason) == "":
				r.unknown(c, "directive without a reason")
			case d == nil:
				r.unknown(c, "directive that is not in the doc comment of a function with a body")
			default:
				r.skipped[d] = true
			}
		}
	}
}

// skip leaves d as it is, except for a call at the beginning of its body that
// fails the scenario. It refuses d if the directive is not needed, or if d uses
// a name from a redirected package: in d, the name would mean the stand-in.
func (r *rewriter) skip(d *ast.FuncDecl) {
	trial := &rewriter{
		fset: r.fset, info: r.info, known: r.known, name: r.name, src: r.src,
		heads: map[*ast.UnaryExpr]bool{},
	}
	trial.walk(d)
	trial.apply() // It can refuse the result.
	if len(trial.bad) == 0 {
		r.unknown(d, "directive that is not needed")
	}
	ast.Inspect(d, func(n ast.Node) bool {
		if n, ok := n.(*ast.SelectorExpr); ok && redirected[r.packageOf(n)] != "" {
			r.unknown(n, r.text(n)+" in a function that is skipped")
		}
		return true
	})
	function := string(r.src[r.offset(d.Pos()):r.offset(d.Name.End())])
	r.insert(d.Body.Lbrace+1, fmt.Sprintf("%s.Skipped(%q);", schedName, function))
	r.used = true
}
