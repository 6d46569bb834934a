// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/json/json.hpp"

#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

using vmm::Json;

TEST(Json, WhatIsWrittenIsReadBack) {
    Json json;
    json.add("name", "a \"quoted\" \\ line\nwith \x01");
    json.add("big", UINT64_MAX);
    json.add("yes", true);
    json.add("list", Json::Array{Json(0u), Json(), Json(Json::Array{}), Json(Json::Object{})});
    const std::string text = json.text();
    EXPECT_EQ(text,
              "{\"name\":\"a \\\"quoted\\\" \\\\ line\\nwith \\u0001\",\"big\":"
              "18446744073709551615,\"yes\":true,\"list\":[0,null,[],{}]}");
    const auto back = Json::parse(text);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->text(), text);
    EXPECT_EQ(back->member_text("big"), "18446744073709551615");
    EXPECT_EQ(back->find("list")->array()->size(), 4u);
    EXPECT_EQ(back->find("none"), nullptr);
}

TEST(Json, EscapesAndSpaceAreUnderstood) {
    const auto json = Json::parse(" { \"a\" : [ 1 , \"\\u00e4\\ud83d\\ude00\\/\\t\" ] } ");
    ASSERT_TRUE(json.has_value());
    EXPECT_EQ(*(*json->find("a")->array())[1].string(), "\xc3\xa4\xf0\x9f\x98\x80/\t");
}

TEST(Json, WhatIsNoJsonIsRefused) {
    for (const char* const text :
         {"", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "{a:1}", "[1] 2", "\"open", "\"\\x\"",
          "\"\\ud800\"", "\"\\udc00\\ud800\"", "01", "-1", "1.5", "1e3", "18446744073709551616",
          "tru", "\"line\nbreak\"", "[\"\\u12\"]"}) {
        EXPECT_FALSE(Json::parse(text).has_value()) << text;
    }
    EXPECT_FALSE(Json::parse(std::string(100000, '[')).has_value());
}

}  // namespace
}  // namespace lkvm::test
