package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/eventvalue/event/file"
	"github.com/eventvalue/event/file/toml"
	"github.com/eventvalue/event/file/yaml"
)

// decoderOf returns the decoder for any file of the kind that the name of path
// tells, without a schema.
func decoderOf(path string) (func([]byte) (*Config, error), error) {
	var decode func([]byte) (map[string]any, error)
	switch strings.ToLower(filepath.Ext(path)) {
	case ".toml":
		decode = toml.Decode[map[string]any]
	case ".yaml", ".yml":
		decode = yaml.Decode[map[string]any]
	case ".json":
		decode = file.JSON[map[string]any]
	default:
		return nil, fmt.Errorf("%s: the name should end in .toml, .yaml, .yml or .json", path)
	}
	return func(data []byte) (*Config, error) {
		tree, err := decode(data)
		if err != nil {
			return nil, err
		}
		return &Config{Settings: flatten(nil, "", tree)}, nil
	}, nil
}

// flatten appends the leaves of a tree to settings, sorted by key. The key of a
// leaf is its path, such as servers[2].port.
func flatten(settings []Setting, path string, tree any) []Setting {
	switch tree := tree.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(tree)) {
			settings = flatten(settings, strings.TrimPrefix(path+"."+key, "."), tree[key])
		}
	case []any:
		for i, element := range tree {
			settings = flatten(settings, fmt.Sprintf("%s[%d]", path, i), element)
		}
	default:
		settings = append(settings, Setting{path, tree})
	}
	return settings
}
