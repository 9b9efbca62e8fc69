// The node tree of one YAML document: libyaml's events with aliases resolved and tags decided. Part of base/yaml.h.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/yaml_scalar.h"

namespace tamada::yaml {

struct Mark {
  std::size_t line = 0;  // from 1
  std::size_t column = 0;
};

enum class Kind { Scalar, Sequence, Mapping };

struct Node;
using NodePtr = std::shared_ptr<Node>;

struct Node {
  Kind kind = Kind::Scalar;
  Tag tag = Tag::Str;
  std::string tag_text;  // as written, for messages about Tag::Other
  std::string text;      // scalar
  std::vector<NodePtr> items;
  std::vector<std::pair<NodePtr, NodePtr>> pairs;
  Mark mark;
  bool open = true;          // still being read; an alias to such a node would be recursive
  bool merged = false;       // "<<" already resolved in `pairs`
  std::size_t height = 1;    // levels below and including this one
  std::size_t expanded = 1;  // nodes below, every alias counted in full
};

// `in "<source>", line L, column C`
std::string place(std::string_view source, const Mark& mark);

// nullptr for an empty stream.
Result<NodePtr> compose(std::string_view text, std::string_view source);

}  // namespace tamada::yaml
