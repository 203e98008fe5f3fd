"""Running a working file without leaving a trace, and finding the line where it fails."""

import ast
import builtins
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType, TracebackType
from uuid import uuid4

from cqrs.broker.csbroker.errors import InvalidWorkingFiles, Problem
from cqrs.broker.csbroker.folder import CONFIG, PAYLOADS, Folder
from cqrs.broker.errors import InvalidConfiguration
from cqrs.broker.mistakes import URI_VARIABLE

# What is declared does not depend on where the broker is, so a missing address does not stand in the way.
NO_ADDRESS = "mongodb://address-not-set.invalid/"


class Executed:
    """The two working files as modules, their sources, and what was found wrong so far."""

    def __init__(self, folder: Folder) -> None:
        self.sources = {name: (folder.path / name).read_bytes() for name in (PAYLOADS, CONFIG)}
        self.trees: dict[str, ast.Module] = {}
        self.modules: dict[str, ModuleType] = {}
        self.problems: list[Problem] = []
        self._folder = folder

    def shown(self, name: str) -> Path:
        """Return a working file's path as the user sees it."""
        return self._folder.shown(self._folder.path / name)

    def add_problem(self, name: str, line: int, message: str) -> None:
        """Note that something is wrong at a line of a working file."""
        self.problems.append(Problem(file=self.shown(name), line=line, message=message))


@contextmanager
def executed(folder: Folder) -> Iterator[Executed]:
    """Run both files as modules of a package with a name of its own, gone when the block ends.

    What they import may stand in the service's root. What they print goes to stderr. Raises InvalidWorkingFiles where
    one cannot be run; what a `define_…` refused is in `problems` instead.
    """
    execution = Executed(folder)
    with _traceless(folder.root):
        package = ModuleType(f"_csbroker_{uuid4().hex}")
        package.__path__ = []
        sys.modules[package.__name__] = package
        with redirect_stdout(sys.stderr):
            for name in (PAYLOADS, CONFIG):
                _execute(execution, folder, package, name)
        yield execution


@contextmanager
def _traceless(root: Path) -> Iterator[None]:
    modules, path, environment, bytecode = dict(sys.modules), list(sys.path), dict(os.environ), sys.dont_write_bytecode
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    os.environ.setdefault(URI_VARIABLE, NO_ADDRESS)
    try:
        yield
    finally:
        sys.dont_write_bytecode = bytecode
        sys.path[:] = path
        for name in set(sys.modules) - set(modules):
            if _is_of(root, sys.modules[name]) or name.startswith("_csbroker_"):
                del sys.modules[name]
        os.environ.clear()
        os.environ.update(environment)


def _is_of(root: Path, module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(root) and "site-packages" not in Path(file).parts


def _execute(execution: Executed, folder: Folder, package: ModuleType, name: str) -> None:
    path = folder.path / name
    module = ModuleType(f"{package.__name__}.{path.stem}")
    module.__file__ = str(path)
    module.__package__ = package.__name__
    execution.modules[name] = module
    sys.modules[module.__name__] = module
    setattr(package, path.stem, module)
    try:
        tree = ast.parse(execution.sources[name], str(path))
        execution.trees[name] = tree
        _run(execution, module, tree, name)
    except SyntaxError as error:
        execution.add_problem(_file_of(execution, error.filename, name), error.lineno or 1, f"SyntaxError: {error.msg}")
        raise InvalidWorkingFiles(execution.problems) from error
    except (Exception, SystemExit) as error:  # a working file may raise anything
        file, line = _place(execution, error.__traceback__, name)
        execution.add_problem(file, line, f"{type(error).__name__}: {error}")
        raise InvalidWorkingFiles(execution.problems) from error


def _run(execution: Executed, module: ModuleType, tree: ast.Module, name: str) -> None:
    """Run statement by statement: when a definition is refused, the next may tell more that is wrong."""
    unset: set[str] = set()
    flags = _future_flags(tree)
    for statement in tree.body:
        code = compile(
            ast.Module([statement], type_ignores=[]), str(module.__file__), "exec", flags=flags, dont_inherit=True
        )
        try:
            builtins.exec(code, module.__dict__)  # noqa: S102 - it is the service's own code
        except InvalidConfiguration as error:
            file, line = _place(execution, error.__traceback__, name)
            for mistake in error.mistakes:
                execution.add_problem(file, line, mistake)
            unset |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and _is_set(node)}
        except NameError as error:
            if error.name not in unset:
                raise


def _is_set(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _future_flags(tree: ast.Module) -> int:
    import __future__

    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    flags = 0
    for alias in (alias for node in imports for alias in node.names):
        flags |= getattr(__future__, alias.name).compiler_flag
    return flags


def _place(execution: Executed, traceback: TracebackType | None, fallback: str) -> tuple[str, int]:
    """Return the working file and the line that was reached last."""
    place = (fallback, 1)
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if (name := _file_of(execution, filename, "")) != "":
            place = (name, traceback.tb_lineno)
        traceback = traceback.tb_next
    return place


def _file_of(execution: Executed, filename: str | None, fallback: str) -> str:
    files = {str(module.__file__): name for name, module in execution.modules.items()}
    return files.get(filename or "", fallback)
