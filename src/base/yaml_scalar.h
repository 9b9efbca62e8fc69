// What a YAML 1.1 scalar is by its look alone, and its value. The patterns are those of yaml.org/type, in the narrower
// form PyYAML uses (floats need a dot and a signed exponent). Part of base/yaml.h, not for others.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace tamada::yaml {

enum class Tag { Null, Bool, Int, Float, Timestamp, Merge, Value, Str, Binary, Seq, Map, Set, Omap, Pairs, Other };

// The tag of a plain scalar without a written tag.
Tag resolve_plain(std::string_view text);

// The value of a scalar of that tag, which may have been written explicitly. nullopt: the text has not the tag's form.
std::optional<json::value> scalar_value(Tag tag, std::string_view text);

}  // namespace tamada::yaml
