# envpack_embed_json(<target> <header> <namespace> <file>…)
#
# Compiles cpp/data/<file>.json into <target> as `const std::string_view <file>_json`, which
# <header> declares. As raw string literals in pieces: compilers need not take longer ones.
function(envpack_embed_json target header namespace)
  set(definitions "")
  foreach(file IN LISTS ARGN)
    set(path ${PROJECT_SOURCE_DIR}/cpp/data/${file}.json)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    file(READ ${path} text)
    string(LENGTH "${text}" rest)
    set(pieces "")
    set(at 0)
    while(at LESS rest)
      string(SUBSTRING "${text}" ${at} 8000 piece)
      string(APPEND pieces "R\"json(${piece})json\"\n")
      math(EXPR at "${at} + 8000")
    endwhile()
    string(APPEND definitions "const std::string_view ${file}_json = ${pieces};\n")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/fact_tables.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"// Made from cpp/data by cpp/cmake/EnvpackData.cmake.
#include \"${header}\"

namespace ${namespace} {

@definitions@
}  // namespace ${namespace}
")
  target_sources(${target} PRIVATE ${source})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
endfunction()
