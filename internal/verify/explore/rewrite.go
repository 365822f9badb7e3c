package explore

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"sort"
	"strconv"
	"strings"
)

const (
	atomicPath = "go.uber.org/atomic"
	schedPath  = module + "/internal/verify/explore/sched"
	schedName  = "sched"
)

// An edit replaces the bytes from start to end. Invariant: an edit does not
// move lines. The line numbers in errors and traces are valid in the original.
type edit struct {
	start, end int
	text       string
}

// A rewriter makes the new text of one file.
type rewriter struct {
	fset    *token.FileSet
	info    *types.Info
	known   []string // the explored packages before this one
	name    string
	src     []byte
	edits   []edit
	heads   map[*ast.UnaryExpr]bool // receives that are rewritten as cases of a select
	skipped map[*ast.FuncDecl]bool  // functions with a directive
	used    bool                    // the file needs package sched
	bad     []string
}

// rewritePackage returns the new text of the files, which are the whole package
// at path. It fails on every construct that is neither on the lists of known
// constructs nor in a skipped function. It deletes the constants that it finds
// from the map.
func rewritePackage(path string, files map[string][]byte, imports types.Importer, constants map[string]string) (map[string][]byte, error) {
	fset := token.NewFileSet()
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	var parsed []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(fset, name, files[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, f)
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
	}
	conf := types.Config{Importer: imports}
	if _, err := conf.Check(path, fset, parsed, info); err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	var bad []string
	for i, f := range parsed {
		r := &rewriter{
			fset: fset, info: info, known: explored[:slices.Index(explored, path)], name: names[i], src: files[names[i]],
			heads: map[*ast.UnaryExpr]bool{}, skipped: map[*ast.FuncDecl]bool{},
		}
		r.file(f, constants)
		out[names[i]] = r.apply()
		bad = append(bad, r.bad...)
	}
	if len(bad) > 0 {
		return nil, fmt.Errorf("the explorer refuses\n\t%s\nSee the package documentation of internal/verify/explore",
			strings.Join(bad, "\n\t"))
	}
	return out, nil
}

// file rewrites f.
func (r *rewriter) file(f *ast.File, constants map[string]string) {
	r.directives(f)
	for _, spec := range f.Imports {
		r.importSpec(spec)
	}
	for _, d := range f.Decls {
		r.constants(d, constants)
	}
	r.walk(f)
	if r.used {
		r.insert(f.Name.End(), fmt.Sprintf("; import %s %q", schedName, schedPath))
	}
}

// walk rewrites root and everything in it, except for skipped functions.
func (r *rewriter) walk(root ast.Node) {
	var stack []ast.Node
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if d, ok := n.(*ast.FuncDecl); ok && r.skipped[d] {
			r.skip(d)
			return false
		}
		var parent ast.Node
		if len(stack) > 0 {
			parent = stack[len(stack)-1]
		}
		stack = append(stack, n)
		r.node(n, parent)
		return true
	})
}

// importSpec redirects an import. Other imports are judged by what the code
// uses of them: see selector.
func (r *rewriter) importSpec(spec *ast.ImportSpec) {
	path, _ := strconv.Unquote(spec.Path.Value)
	switch {
	case spec.Name != nil:
		r.unknown(spec, "import under another name")
	case redirected[path] != "":
		r.replace(spec.Path, strconv.Quote(redirected[path]))
	}
}

// constants replaces the values of the given constants, and deletes them from
// the map.
func (r *rewriter) constants(d ast.Decl, constants map[string]string) {
	g, ok := d.(*ast.GenDecl)
	if !ok || g.Tok != token.CONST {
		return
	}
	for _, spec := range g.Specs {
		v := spec.(*ast.ValueSpec)
		for i, name := range v.Names {
			if small := constants[name.Name]; small != "" && i < len(v.Values) {
				r.replace(v.Values[i], small)
				delete(constants, name.Name)
			}
		}
	}
}

// node rewrites n itself. walk visits the nodes in n later.
func (r *rewriter) node(n, parent ast.Node) {
	switch n := n.(type) {
	case *ast.GoStmt:
		r.goStmt(n)
	case *ast.SelectStmt:
		r.selectStmt(n)
	case *ast.SendStmt:
		if _, ok := parent.(*ast.CommClause); !ok {
			r.insert(n.Pos(), "sched.Send(")
			r.replaceAt(n.Arrow, len("<-"), ",")
			r.insert(n.End(), ")")
			r.used = true
		}
	case *ast.UnaryExpr:
		if n.Op == token.ARROW && !r.heads[n] {
			r.receive(n, parent)
		}
	case *ast.ForStmt:
		r.loop(n.Body)
	case *ast.RangeStmt:
		r.rangeStmt(n)
	case *ast.CallExpr:
		r.call(n, parent)
	case *ast.SelectorExpr:
		r.selector(n)
	default:
		if !known(n) {
			r.unknown(n, fmt.Sprintf("%T", n))
		}
	}
}

// loop adds a call that counts the rounds of a loop. It fails the scenario if
// the loop takes no steps and does not end.
func (r *rewriter) loop(body *ast.BlockStmt) {
	r.insert(body.Lbrace+1, "sched.Loop();")
	r.used = true
}

func (r *rewriter) rangeStmt(n *ast.RangeStmt) {
	switch t := r.info.TypeOf(n.X).Underlying().(type) {
	case *types.Slice, *types.Array, *types.Pointer, *types.Basic, *types.Signature:
		r.loop(n.Body)
	case *types.Map:
		r.unknown(n, "range over a map, whose order is another each time")
	default:
		r.unknown(n, fmt.Sprintf("range over %T", t))
	}
}

// mayBeChan reports whether e is a channel or of a type parameter, which can
// stand for a channel.
func (r *rewriter) mayBeChan(e ast.Expr) bool {
	switch r.info.TypeOf(e).Underlying().(type) {
	case *types.Chan, *types.Interface:
		return true
	}
	return false
}

// receive rewrites <-c outside of the head of a select's case.
func (r *rewriter) receive(n *ast.UnaryExpr, parent ast.Node) {
	name := "sched.Recv("
	if a, ok := parent.(*ast.AssignStmt); ok && len(a.Lhs) == 2 && len(a.Rhs) == 1 {
		name = "sched.Recv2("
	}
	if _, ok := parent.(*ast.ValueSpec); ok {
		r.unknown(n, "receive in a var declaration")
	}
	r.replaceAt(n.OpPos, len("<-"), name)
	r.insert(n.End(), ")")
	r.used = true
}

// goStmt rewrites go f(a).
func (r *rewriter) goStmt(n *ast.GoStmt) {
	args := len(n.Call.Args)
	if args > 2 || n.Call.Ellipsis.IsValid() {
		r.unknown(n, "go statement with more than two arguments")
		return
	}
	r.replace2(n.Go, n.Call.Fun.Pos(), fmt.Sprintf("sched.Go%d(", args))
	comma := ""
	if args > 0 {
		comma = ", "
	}
	r.replaceAt(n.Call.Lparen, 1, comma)
	r.used = true
}

// selectStmt replaces a select by a switch on the number of the chosen case.
func (r *rewriter) selectStmt(n *ast.SelectStmt) {
	var cases []string
	name := "sched.Select("
	for _, s := range n.Body.List {
		c := s.(*ast.CommClause)
		if c.Comm == nil {
			name = "sched.SelectDefault("
			continue
		}
		var text string
		switch comm := c.Comm.(type) {
		case *ast.SendStmt:
			text = fmt.Sprintf("sched.OnSend(%s, %s)", r.text(comm.Chan), r.text(comm.Value))
		case *ast.ExprStmt:
			head := ast.Unparen(comm.X).(*ast.UnaryExpr)
			r.heads[head] = true
			text = fmt.Sprintf("sched.OnRecv(%s)", r.text(head.X))
		default:
			r.unknown(comm, "select whose case assigns what it receives")
			return
		}
		if strings.Contains(text, "\n") || strings.Contains(text, "func(") {
			r.unknown(c.Comm, "case that is longer than a line")
		}
		r.replace(c.Comm, strconv.Itoa(len(cases)))
		cases = append(cases, text)
	}
	if name == "sched.Select(" {
		// A select without default can end a function, a switch without
		// default cannot.
		r.insert(n.Body.Rbrace, `default: panic("no case"); `)
	}
	r.replace2(n.Select, n.Body.Lbrace, "switch "+name+strings.Join(cases, ", ")+") ")
	r.used = true
}

func (r *rewriter) call(n *ast.CallExpr, parent ast.Node) {
	id, ok := ast.Unparen(n.Fun).(*ast.Ident)
	if !ok {
		return
	}
	b, ok := r.info.Uses[id].(*types.Builtin)
	if !ok {
		return
	}
	switch b.Name() {
	case "close":
		if _, ok := parent.(*ast.ExprStmt); !ok {
			r.unknown(n, "close that is deferred or started")
		}
		r.replace(id, "sched.Close")
		r.used = true
	case "recover", "print", "println":
		r.unknown(n, b.Name())
	case "len", "cap":
		if r.mayBeChan(n.Args[0]) {
			r.unknown(n, b.Name()+" of a channel")
		}
	}
}

// selector checks, and where necessary rewrites, a name from another package.
func (r *rewriter) selector(n *ast.SelectorExpr) {
	path := r.packageOf(n)
	if path == "" {
		return
	}
	allowed, partly := knownNames[path]
	switch {
	case !partly && !slices.Contains(knownImports, path) && !slices.Contains(r.known, path):
		r.unknown(n, "import of "+path)
	case partly && !slices.Contains(allowed, n.Sel.Name):
		r.unknown(n, r.text(n))
	case path == "context" && n.Sel.Name == "AfterFunc":
		r.replace(n, "sched.AfterFunc")
		r.used = true
		// The file may use the import for nothing else.
		r.keepContext(n)
	}
}

// packageOf returns the path of the package that n selects from, or "" if n
// selects a field or a method.
func (r *rewriter) packageOf(n *ast.SelectorExpr) string {
	if id, ok := n.X.(*ast.Ident); ok {
		if pkg, ok := r.info.Uses[id].(*types.PkgName); ok {
			return pkg.Imported().Path()
		}
	}
	return ""
}
