// Runs a fuzz target once over each file of a folder, and over each of its beginnings, so that ctest covers the parsers
// without libFuzzer. Fails when there is no seed: an empty corpus would prove nothing.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
    return 2;
  }
  int seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string seed((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    for (std::size_t length = 0; length <= seed.size(); ++length) run(seed.substr(0, length));
    ++seeds;
  }
  if (seeds == 0) std::fprintf(stderr, "no seed in %s\n", argv[1]);
  return seeds == 0 ? 1 : 0;
}
