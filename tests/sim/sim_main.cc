// The simulation's own flags, before GoogleTest's; each is the environment variable of its name as
// well, which is how ctest passes it on (docs/simulation.md):
//
//   --seed S     that history alone              HARK_SIM_SEED
//   --seeds N    so many histories               HARK_SIM_SEEDS
//   --first S    short histories from there on   HARK_SIM_FIRST

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace {

struct Flag {
  std::string_view name;
  const char* variable;
};

constexpr Flag kFlags[] = {
    {"--seed", "HARK_SIM_SEED"}, {"--seeds", "HARK_SIM_SEEDS"}, {"--first", "HARK_SIM_FIRST"}};

// `--seed 7` or `--seed=7`; what it took of argv, 0 if this is no flag of ours or has no number.
int Take(int argc, char** argv) {
  const std::string_view word = argv[0];
  const size_t equals = word.find('=');
  for (const Flag& flag : kFlags) {
    if (word.substr(0, equals) != flag.name) continue;
    const bool apart = equals == std::string_view::npos;
    if (apart && argc < 2) return 0;
    const std::string value(apart ? argv[1] : word.substr(equals + 1));
    if (!hark::ParseUint(value)) return 0;
    ::setenv(flag.variable, value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): no thread yet
    return apart ? 2 : 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc;) {
    const int taken = Take(argc - i, argv + i);
    if (taken == 0) {
      std::fprintf(stderr, "not a flag of the simulation, or no number: %s\n", argv[i]);
      return 2;
    }
    i += taken;
  }
  return RUN_ALL_TESTS();
}
