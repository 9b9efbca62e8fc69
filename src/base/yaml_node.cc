#include "base/yaml_node.h"

#include <yaml.h>

#include <map>
#include <optional>

#include <fmt/format.h>

namespace tamada::yaml {

namespace {

constexpr std::size_t kMaxHeight = 100;
constexpr std::size_t kMaxExpanded = 1'000'000;

Mark mark_of(const yaml_mark_t& mark) {
  return {mark.line + 1, mark.column + 1};
}

std::string_view view(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

Tag tag_named(std::string_view name) {
  constexpr std::string_view kPrefix = "tag:yaml.org,2002:";
  if (!name.starts_with(kPrefix)) return Tag::Other;
  static const std::map<std::string_view, Tag> kTags{{"null", Tag::Null},
                                                     {"bool", Tag::Bool},
                                                     {"int", Tag::Int},
                                                     {"float", Tag::Float},
                                                     {"timestamp", Tag::Timestamp},
                                                     {"merge", Tag::Merge},
                                                     {"str", Tag::Str},
                                                     {"seq", Tag::Seq},
                                                     {"map", Tag::Map},
                                                     {"binary", Tag::Binary},
                                                     {"set", Tag::Set},
                                                     {"omap", Tag::Omap},
                                                     {"pairs", Tag::Pairs},
                                                     {"value", Tag::Value}};
  const auto found = kTags.find(name.substr(kPrefix.size()));
  return found == kTags.end() ? Tag::Other : found->second;
}

// One libyaml event, freed at the end of its scope.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event_); }
  yaml_event_t* get() { return &event_; }
  yaml_event_type_t type() const { return event_.type; }
  const yaml_event_t* operator->() const { return &event_; }

 private:
  yaml_event_t event_{};
};

class Composer {
 public:
  Composer(std::string_view text, std::string_view source) : source_(source) {
    ready_ = yaml_parser_initialize(&parser_) != 0;
    if (ready_) {
      yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
  }
  ~Composer() {
    if (ready_) yaml_parser_delete(&parser_);
  }
  Composer(const Composer&) = delete;
  Composer& operator=(const Composer&) = delete;

  Result<NodePtr> document() {
    NodePtr root;
    if (!ready_) return Error(ErrorCode::Io, "out of memory while reading YAML");
    if (!read_document(root)) return std::move(*error_);
    return root;
  }

 private:
  bool read_document(NodePtr& root) {
    bool seen = false;
    for (;;) {
      Event event;
      if (!next(event)) return false;
      switch (event.type()) {
        case YAML_STREAM_END_EVENT:
          return true;
        case YAML_DOCUMENT_START_EVENT: {
          const Mark mark = mark_of(event->start_mark);
          if (seen) return fail("expected a single document in the stream, but found another document", mark);
          seen = true;
          Event first;
          if (!next(first) || !node(first, 1, root)) return false;
          break;
        }
        default:
          break;
      }
    }
  }

  bool next(Event& event) {
    if (yaml_parser_parse(&parser_, event.get()) != 0) return true;
    const std::string problem(parser_.problem == nullptr ? "unreadable input" : parser_.problem);
    if (parser_.error == YAML_READER_ERROR) {
      error_ =
          Error(ErrorCode::Invalid, fmt::format("{} in \"{}\", position {}", problem, source_, parser_.problem_offset));
      return false;
    }
    std::string text;
    if (parser_.context != nullptr) {
      text = fmt::format("{} {}, ", parser_.context, place(source_, mark_of(parser_.context_mark)));
    }
    return fail(text + problem, mark_of(parser_.problem_mark));
  }

  bool node(Event& event, std::size_t depth, NodePtr& out) {
    if (depth > kMaxHeight) return too_deep(mark_of(event->start_mark));
    if (event.type() == YAML_ALIAS_EVENT) return alias(event, out);
    out = std::make_shared<Node>();
    out->mark = mark_of(event->start_mark);
    switch (event.type()) {
      case YAML_SCALAR_EVENT:
        return remember(event->data.scalar.anchor, out) && scalar(event, *out);
      case YAML_SEQUENCE_START_EVENT:
        return remember(event->data.sequence_start.anchor, out) && sequence(event, depth, *out);
      default:
        return remember(event->data.mapping_start.anchor, out) && mapping(event, depth, *out);
    }
  }

  bool alias(Event& event, NodePtr& out) {
    const std::string name(view(event->data.alias.anchor));
    const Mark mark = mark_of(event->start_mark);
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) return fail(fmt::format("found undefined alias '{}'", name), mark);
    if (found->second->open) return fail(fmt::format("found recursive alias '{}'", name), mark);
    out = found->second;
    return true;
  }

  bool remember(const yaml_char_t* anchor, const NodePtr& node) {
    if (anchor == nullptr) return true;
    const std::string name(view(anchor));
    const auto [it, added] = anchors_.emplace(name, node);
    if (added) return true;
    return fail(fmt::format("found duplicate anchor '{}'; first occurrence {}, second occurrence", name,
                            place(source_, it->second->mark)),
                node->mark);
  }

  bool scalar(Event& event, Node& out) {
    const auto& data = event->data.scalar;
    out.text.assign(reinterpret_cast<const char*>(data.value), data.length);
    // PyYAML resolves "!" like an unquoted scalar, whatever follows it.
    const bool resolve = data.plain_implicit != 0 || view(data.tag) == "!";
    set_tag(out, data.tag, resolve ? resolve_plain(out.text) : Tag::Str);
    out.open = false;
    return true;
  }

  bool sequence(Event& event, std::size_t depth, Node& out) {
    out.kind = Kind::Sequence;
    set_tag(out, event->data.sequence_start.tag, Tag::Seq);
    for (;;) {
      Event item;
      if (!next(item)) return false;
      if (item.type() == YAML_SEQUENCE_END_EVENT) break;
      NodePtr child;
      if (!node(item, depth + 1, child) || !count(out, *child)) return false;
      out.items.push_back(std::move(child));
    }
    out.open = false;
    return true;
  }

  bool mapping(Event& event, std::size_t depth, Node& out) {
    out.kind = Kind::Mapping;
    set_tag(out, event->data.mapping_start.tag, Tag::Map);
    for (;;) {
      Event key_event;
      if (!next(key_event)) return false;
      if (key_event.type() == YAML_MAPPING_END_EVENT) break;
      NodePtr key;
      if (!node(key_event, depth + 1, key) || !count(out, *key)) return false;
      Event value_event;
      if (!next(value_event)) return false;
      NodePtr value;
      if (!node(value_event, depth + 1, value) || !count(out, *value)) return false;
      out.pairs.emplace_back(std::move(key), std::move(value));
    }
    out.open = false;
    return true;
  }

  void set_tag(Node& out, const yaml_char_t* written, Tag implicit) {
    out.tag_text = view(written);
    out.tag = out.tag_text.empty() || out.tag_text == "!" ? implicit : tag_named(out.tag_text);
  }

  bool count(Node& parent, const Node& child) {
    parent.height = std::max(parent.height, child.height + 1);
    parent.expanded += child.expanded;
    if (parent.height > kMaxHeight) return too_deep(parent.mark);
    if (parent.expanded <= kMaxExpanded) return true;
    return fail(fmt::format("the document has more than {} values", kMaxExpanded), parent.mark);
  }

  bool too_deep(const Mark& mark) {
    return fail(fmt::format("values are nested deeper than {} levels", kMaxHeight), mark);
  }
  bool fail(std::string_view what, const Mark& mark) {
    error_ = Error(ErrorCode::Invalid, fmt::format("{} {}", what, place(source_, mark)));
    return false;
  }

  yaml_parser_t parser_{};
  bool ready_ = false;
  std::string source_;
  std::map<std::string, NodePtr> anchors_;
  std::optional<Error> error_;
};

}  // namespace

std::string place(std::string_view source, const Mark& mark) {
  return fmt::format("in \"{}\", line {}, column {}", source, mark.line, mark.column);
}

Result<NodePtr> compose(std::string_view text, std::string_view source) {
  return Composer(text, source).document();
}

}  // namespace tamada::yaml
