#include "envpack/packaging/direct_url.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

struct Row {
    std::string_view json;
    std::string_view canonical;
    std::string_view requirement_url;
};

TEST(DirectUrl, PrintsCanonicallyAndAsRequirement) {
    const std::vector<Row> table = {
        {R"({"url": "https://host.example/o/r", "subdirectory": "py",
             "vcs_info": {"vcs": "git", "commit_id": "abc123", "requested_revision": "main"}})",
         R"({"subdirectory":"py","url":"https://host.example/o/r","vcs_info":)"
         R"({"commit_id":"abc123","requested_revision":"main","vcs":"git"}})",
         "git+https://host.example/o/r@abc123#subdirectory=py"},
        {R"({"url":"https://u:p@host.example/a-1.0-py3-none-any.whl",
             "archive_info":{"hash":"sha256=aa"}})",
         R"({"archive_info":{"hash":"sha256=aa","hashes":{"sha256":"aa"}},)"
         R"("url":"https://host.example/a-1.0-py3-none-any.whl"})",
         "https://host.example/a-1.0-py3-none-any.whl#sha256=aa"},
        {R"({"url":"ssh://git@host.example/r","vcs_info":{"vcs":"git","commit_id":"a"}})",
         R"({"url":"ssh://git@host.example/r","vcs_info":{"commit_id":"a","vcs":"git"}})",
         "git+ssh://git@host.example/r@a"},
        {R"({"url":"https://${USER}:${TOKEN_1}@host.example/r","vcs_info":{"vcs":"git","commit_id":"a"}})",
         R"({"url":"https://${USER}:${TOKEN_1}@host.example/r","vcs_info":{"commit_id":"a","vcs":"git"}})",
         "git+https://${USER}:${TOKEN_1}@host.example/r@a"},
        {R"({"url":"https://${USER}:word@host.example/r","archive_info":{}})",
         R"({"archive_info":{},"url":"https://host.example/r"})", "https://host.example/r"},
        {R"({"url":"https://${A}:${B}:${C}@host.example/r","archive_info":{}})",
         R"({"archive_info":{},"url":"https://host.example/r"})", "https://host.example/r"},
        {R"({"url":"https://${}@host.example/r","archive_info":{}})",
         R"({"archive_info":{},"url":"https://host.example/r"})", "https://host.example/r"},
        {R"({"url":"file:///opt/apex","dir_info":{}})",
         R"({"dir_info":{},"url":"file:///opt/apex"})", "file:///opt/apex"},
        {R"({"url":"file:///opt/edit","dir_info":{"editable":true},"other":1})",
         R"({"dir_info":{"editable":true},"url":"file:///opt/edit"})", "file:///opt/edit"},
    };
    for (const Row& row : table) {
        const auto direct = DirectUrl::parse(row.json);
        ASSERT_TRUE(direct) << direct.error().render();
        EXPECT_EQ(direct->to_json(), row.canonical);
        EXPECT_EQ(direct->to_requirement_url(), row.requirement_url);
        EXPECT_EQ(DirectUrl::parse(direct->to_json())->to_json(), row.canonical);
    }
    EXPECT_TRUE(DirectUrl::parse(table.back().json)->is_editable());
    EXPECT_FALSE(DirectUrl::parse(table[table.size() - 2].json)->is_editable());
}

TEST(DirectUrl, WhatPep610DoesNotAllowIsRefused) {
    for (const std::string_view text :
         {"", "[]", "{}", R"({"url":"u"})", R"({"dir_info":{}})", R"({"url":1,"dir_info":{}})",
          R"({"url":"u","dir_info":{},"vcs_info":{"vcs":"git","commit_id":"a"}})",
          R"({"url":"u","dir_info":[]})", R"({"url":"u","dir_info":{"editable":"yes"}})",
          R"({"url":"u","vcs_info":{"vcs":"git"}})", R"({"url":"u","archive_info":{"hash":"x"}})",
          R"({"url":"u","archive_info":{"hashes":{"sha256":1}}})"}) {
        const auto direct = DirectUrl::parse(text);
        ASSERT_FALSE(direct) << text;
        EXPECT_EQ(direct.error().code(), ErrorCode::parse_error) << text;
    }
}

}  // namespace
}  // namespace envpack::packaging
