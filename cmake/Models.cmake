# Find botocore's data, compile it with mw-modelc, and embed the pack: library mw_models_pack.
#
# MOONWARD_BOTOCORE (CMake or environment) names a package or data folder and wins. Else the newest
# of: each python3 that can import botocore, usual install folders, an AWS CLI v2, Debian's package.

# Data folder and version of a package or data folder; empty when it is neither.
function(mw_botocore_inspect folder data_var version_var)
  set(${data_var} "" PARENT_SCOPE)
  foreach(data ${folder}/data ${folder})
    file(GLOB models LIST_DIRECTORIES false ${data}/sts/*/service-2.json ${data}/sts/*/service-2.json.gz)
    if(models)
      set(version "0")
      if(EXISTS ${data}/../__init__.py)
        file(STRINGS ${data}/../__init__.py line REGEX "^__version__ *=" LIMIT_COUNT 1)
        string(REGEX MATCH "[0-9]+[.][0-9]+[.0-9]*" version "${line}")
      endif()
      get_filename_component(data ${data} REALPATH)
      set(${data_var} ${data} PARENT_SCOPE)
      set(${version_var} "${version}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

function(mw_find_botocore data_var version_var)
  set(named "${MOONWARD_BOTOCORE}")
  if(NOT named)
    set(named "$ENV{MOONWARD_BOTOCORE}")
  endif()
  if(named)
    mw_botocore_inspect(${named} data version)
    if(NOT data)
      message(FATAL_ERROR "MOONWARD_BOTOCORE=${named} holds no botocore data "
                          "(expected sts/<version>/service-2.json[.gz], in it or in its data folder)")
    endif()
    set(${data_var} ${data} PARENT_SCOPE)
    set(${version_var} ${version} PARENT_SCOPE)
    return()
  endif()

  set(candidates)
  string(REPLACE ":" ";" path "$ENV{PATH}")
  foreach(folder ${path} /usr/local/bin /usr/bin)
    if(EXISTS ${folder}/python3)
      execute_process(COMMAND ${folder}/python3 -c
        "import importlib.util as u; print(u.find_spec('botocore').submodule_search_locations[0])"
        OUTPUT_VARIABLE found ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE code)
      if(code EQUAL 0)
        list(APPEND candidates ${found})
      endif()
    endif()
  endforeach()
  file(GLOB installed
    /usr/lib/python3/dist-packages/botocore
    /usr/local/lib/python3*/*-packages/botocore
    /opt/venv/lib/python3*/site-packages/botocore
    $ENV{HOME}/.local/lib/python3*/site-packages/botocore
    $ENV{HOME}/.pyenv/versions/*/lib/python3*/site-packages/botocore
    $ENV{VIRTUAL_ENV}/lib/python3*/site-packages/botocore
    /usr/local/aws-cli/v2/*/dist/awscli/botocore
    /usr/lib/python3*/*-packages/awscli/botocore
    $ENV{HOME}/.local/aws-cli/v2/*/dist/awscli/botocore)
  list(APPEND candidates ${installed})
  list(REMOVE_DUPLICATES candidates)

  set(best)
  set(best_version)
  foreach(candidate ${candidates})
    mw_botocore_inspect(${candidate} data version)
    if(data AND (NOT best OR version VERSION_GREATER best_version))
      set(best ${data})
      set(best_version ${version})
    endif()
  endforeach()
  if(NOT best)
    message(FATAL_ERROR "No botocore found: its data describes the AWS services. Install one "
      "(apt install python3-botocore, or pip install botocore), "
      "or pass -DMOONWARD_BOTOCORE=<botocore package or data folder>.")
  endif()
  set(${data_var} ${best} PARENT_SCOPE)
  set(${version_var} ${best_version} PARENT_SCOPE)
endfunction()

mw_find_botocore(data version)
# For the tests too; found anew by each configuration.
set(MW_BOTOCORE_DATA ${data} CACHE INTERNAL "botocore data folder of the models")
set(MW_BOTOCORE_VERSION ${version} CACHE INTERNAL "and its version")
set(MW_PACK_FILE ${CMAKE_BINARY_DIR}/models.pack CACHE INTERNAL "the compiled pack")
message(STATUS "Service models: botocore ${MW_BOTOCORE_VERSION} (${MW_BOTOCORE_DATA})")

enable_language(ASM)
set(stamps)
foreach(file __init__.py data/endpoints.json data/partitions.json)
  if(EXISTS ${MW_BOTOCORE_DATA}/../${file})
    list(APPEND stamps ${MW_BOTOCORE_DATA}/../${file})
  endif()
endforeach()
add_custom_command(
  OUTPUT ${MW_PACK_FILE}
  COMMAND mw-modelc --botocore ${MW_BOTOCORE_DATA} --output ${MW_PACK_FILE}
  DEPENDS mw-modelc ${stamps}
  COMMENT "Compiling service models of botocore ${MW_BOTOCORE_VERSION}"
  VERBATIM)
configure_file(${CMAKE_SOURCE_DIR}/src/model/builtin/pack.S.in ${CMAKE_CURRENT_BINARY_DIR}/pack.S @ONLY)
set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/pack.S PROPERTIES OBJECT_DEPENDS ${MW_PACK_FILE})
add_library(mw_models_pack STATIC ${CMAKE_SOURCE_DIR}/src/model/builtin/builtin.c
            ${CMAKE_CURRENT_BINARY_DIR}/pack.S)
target_link_libraries(mw_models_pack PUBLIC mw_model)
