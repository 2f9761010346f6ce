#include "storage/change_list.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

using schema::Family;
using Kind = Change::Kind;

TEST(ChangeListTest, GoesByFamilyAndKeyAsBytes) {
  ChangeList list;
  list.Add(Family::kByKey, Kind::kPut, "a", "1");
  list.Add(Family::kRecords, Kind::kPut, "\xff", "2");
  list.Add(Family::kRecords, Kind::kPut, "b", "3");
  std::string values;
  for (const Change* change : list.InOrder()) values += change->value;
  EXPECT_EQ(values, "321");
}

TEST(ChangeListTest, ChangesOfOneKeyStayInTheirOrder) {
  ChangeList list;
  list.Add(Family::kRuns, Kind::kPut, "k", "1");
  list.Add(Family::kRuns, Kind::kDelete, "k", "");
  list.Add(Family::kRuns, Kind::kDelete, "a", "0");
  list.Add(Family::kRuns, Kind::kPut, "k", "2");
  list.Add(Family::kRuns, Kind::kDelete, "k", "3");
  std::vector<Kind> kinds;
  std::string values;
  for (const Change* change : list.InOrder()) {
    kinds.push_back(change->kind);
    values += change->value;
  }
  EXPECT_EQ(values, "0123");
  EXPECT_EQ(kinds, (std::vector<Kind>{Kind::kDelete, Kind::kPut, Kind::kDelete, Kind::kPut,
                                      Kind::kDelete}));
}

TEST(ChangeListTest, KeysOfAnyLengthGoAsTheirBytesDo) {
  const std::string zero(1, '\0');
  const std::vector<std::string> sorted = {"",
                                           zero,
                                           zero + zero,
                                           "a",
                                           "a" + zero,
                                           "abcdefg",
                                           "abcdefg" + zero,
                                           "abcdefgh",
                                           "abcdefghijklmno",
                                           "abcdefghijklmno" + zero,
                                           "abcdefghijklmnop",
                                           "abcdefghijklmnopq"};
  ChangeList list;
  for (size_t i = 0; i < sorted.size(); ++i) {
    list.Add(Family::kRuns, Kind::kPut, sorted[i * 5 % sorted.size()], "");
  }
  std::vector<std::string> keys;
  for (const Change* change : list.InOrder()) keys.push_back(change->key);
  EXPECT_EQ(keys, sorted);
}

TEST(ChangeListTest, IsEmptyWhenCleared) {
  ChangeList list;
  EXPECT_TRUE(list.empty());
  list.Add(Family::kMeta, Kind::kPut, "k", "v");
  EXPECT_FALSE(list.empty());
  list.Clear();
  EXPECT_TRUE(list.empty());
  EXPECT_TRUE(list.InOrder().empty());
}

}  // namespace
}  // namespace hark
