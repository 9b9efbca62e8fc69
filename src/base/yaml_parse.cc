#include <array>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "base/yaml.h"
#include "base/yaml_node.h"

namespace tamada {

namespace {

using yaml::Kind;
using yaml::Node;
using yaml::NodePtr;
using yaml::Tag;

using Pairs = std::vector<std::pair<NodePtr, NodePtr>>;

std::string_view kind_name(const Node& node) {
  switch (node.kind) {
    case Kind::Scalar:
      return "scalar";
    case Kind::Sequence:
      return "sequence";
    case Kind::Mapping:
      return "mapping";
  }
  return "node";
}

std::string_view type_name(Tag tag) {
  constexpr std::array<std::pair<Tag, std::string_view>, 5> kNames{{{Tag::Bool, "boolean"},
                                                                    {Tag::Int, "integer"},
                                                                    {Tag::Float, "number"},
                                                                    {Tag::Timestamp, "date"},
                                                                    {Tag::Binary, "base64 text in UTF-8"}}};
  for (const auto& [known, name] : kNames) {
    if (known == tag) return name;
  }
  return "value";
}

// Keys as JSON writes the value that Python would have.
std::string key_text(const json::value& key) {
  return key.is_string() ? std::string(key.get_string()) : to_json(key, JsonStyle::Compact);
}

// Makes values of nodes. The first problem ends it.
class Constructor {
 public:
  explicit Constructor(std::string_view source) : source_(source) {}

  Result<json::value> document(Node& root) {
    json::value out;
    if (!construct(root, out)) return std::move(*error_);
    return out;
  }

  // Of a document that was constructed.
  void lines(const Node& node, const std::string& path, std::map<std::string, std::size_t>& out) {
    if (node.kind != Kind::Mapping) return;
    for (const auto& [key_node, value_node] : node.pairs) {
      json::value key;
      if (!construct(*key_node, key)) return;
      const std::string here = path.empty() ? key_text(key) : path + "." + key_text(key);
      out[here] = key_node->mark.line;
      lines(*value_node, here, out);
    }
  }

 private:
  bool construct(Node& node, json::value& out) {
    switch (node.tag) {
      case Tag::Seq:
        return node.kind == Kind::Sequence ? sequence(node, out) : unexpected("sequence", node);
      case Tag::Map:
      case Tag::Set:
        return node.kind == Kind::Mapping ? mapping(node, out) : unexpected("mapping", node);
      case Tag::Omap:
      case Tag::Pairs:
        return node.kind == Kind::Sequence ? ordered_pairs(node, out) : unexpected("sequence", node);
      case Tag::Merge:
      case Tag::Value:
      case Tag::Other:
        return fail(fmt::format("could not determine a constructor for the tag '{}'", tag_text(node)), node);
      default:
        return node.kind == Kind::Scalar ? scalar(node, out) : unexpected("scalar", node);
    }
  }

  bool scalar(const Node& node, json::value& out) {
    auto value = yaml::scalar_value(node.tag, node.text);
    if (!value) return fail(fmt::format("'{}' is not a valid {}", node.text, type_name(node.tag)), node);
    out = std::move(*value);
    return true;
  }

  bool sequence(Node& node, json::value& out) {
    json::array items;
    items.reserve(node.items.size());
    for (const NodePtr& item : node.items) {
      if (!construct(*item, items.emplace_back(nullptr))) return false;
    }
    out = std::move(items);
    return true;
  }

  bool mapping(Node& node, json::value& out) {
    if (!resolve_merges(node)) return false;
    json::object object;
    for (auto& [key_node, value_node] : node.pairs) {
      json::value key;
      if (key_node->kind != Kind::Scalar) return fail("found unhashable key while constructing a mapping", *key_node);
      if (!construct(*key_node, key)) return false;
      if (!construct(*value_node, object[key_text(key)])) return false;
    }
    out = std::move(object);
    return true;
  }

  bool ordered_pairs(Node& node, json::value& out) {
    json::array items;
    for (const NodePtr& item : node.items) {
      if (item->kind != Kind::Mapping || item->pairs.size() != 1) {
        return fail("expected a mapping of one pair while constructing an ordered map", *item);
      }
      json::array pair(2);
      if (!construct(*item->pairs[0].first, pair[0]) || !construct(*item->pairs[0].second, pair[1])) return false;
      items.emplace_back(std::move(pair));
    }
    out = std::move(items);
    return true;
  }

  // Merged pairs come first, so the mapping's own keys win.
  bool resolve_merges(Node& node) {
    if (node.merged) return true;
    Pairs merged;
    Pairs own;
    for (auto& pair : node.pairs) {
      Node& key = *pair.first;
      if (key.tag == Tag::Merge) {
        if (!append_merged(*pair.second, merged)) return false;
        continue;
      }
      if (key.tag == Tag::Value) key.tag = Tag::Str;
      own.push_back(pair);
    }
    if (!merged.empty()) {
      merged.insert(merged.end(), own.begin(), own.end());
      own = std::move(merged);
    }
    node.pairs = std::move(own);
    node.merged = true;
    return true;
  }

  bool append_merged(Node& source, Pairs& out) {
    if (source.kind == Kind::Mapping) {
      if (!resolve_merges(source)) return false;
      out.insert(out.end(), source.pairs.begin(), source.pairs.end());
      return true;
    }
    if (source.kind == Kind::Scalar) {
      return fail("expected a mapping or list of mappings for merging, but found scalar", source);
    }
    // The first mapping of a list wins, so it is put in last.
    for (auto item = source.items.rbegin(); item != source.items.rend(); ++item) {
      if ((*item)->kind != Kind::Mapping) {
        return fail(fmt::format("expected a mapping for merging, but found {}", kind_name(**item)), **item);
      }
      if (!append_merged(**item, out)) return false;
    }
    return true;
  }

  std::string tag_text(const Node& node) {
    if (!node.tag_text.empty()) return node.tag_text;
    return node.tag == Tag::Value ? "tag:yaml.org,2002:value" : "tag:yaml.org,2002:merge";
  }
  bool unexpected(std::string_view wanted, const Node& node) {
    return fail(fmt::format("expected a {} node, but found {}", wanted, kind_name(node)), node);
  }
  bool fail(std::string_view what, const Node& node) {
    error_ = Error(ErrorCode::Invalid, fmt::format("{} {}", what, yaml::place(source_, node.mark)));
    return false;
  }

  std::string source_;
  std::optional<Error> error_;
};

}  // namespace

Result<json::value> parse_yaml(std::string_view text, std::string_view source) {
  auto root = yaml::compose(text, source);
  if (!root) return root.error();
  if (*root == nullptr) return json::value(nullptr);
  return Constructor(source).document(**root);
}

std::map<std::string, std::size_t> yaml_lines(std::string_view text) {
  std::map<std::string, std::size_t> out;
  auto root = yaml::compose(text, "");
  if (!root || *root == nullptr) return out;
  Constructor constructor("");
  if (constructor.document(**root)) constructor.lines(**root, "", out);
  return out;
}

}  // namespace tamada
