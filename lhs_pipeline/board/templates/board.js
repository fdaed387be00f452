// Sorting and filtering, and open details in print. Without script the page says the same.
(function () {
  "use strict";
  function each(list, act) { Array.prototype.forEach.call(list, act); }
  function make(name, words) {
    var made = document.createElement(name);
    if (words) { made.textContent = words; }
    return made;
  }
  function key(row, column) {
    var cell = row.cells[column], given = cell.getAttribute("data-sort");
    return given === null ? cell.textContent.trim().toLowerCase() : given;
  }
  function compare(a, b) {
    var x = parseFloat(a), y = parseFloat(b);
    if (String(x) === a && String(y) === b) { return x - y; }
    return a.localeCompare(b, "en-GB", { numeric: true });
  }
  function sort(table, column, up) {
    var heads = table.tHead.rows[0].cells, body = table.tBodies[0];
    each(heads, function (other) { other.removeAttribute("aria-sort"); });
    heads[column].setAttribute("aria-sort", up ? "ascending" : "descending");
    Array.prototype.slice.call(body.rows)
      .sort(function (a, b) { return (up ? 1 : -1) * compare(key(a, column), key(b, column)); })
      .forEach(function (row) { body.appendChild(row); });
  }
  each(document.querySelectorAll("table.sortable"), function (table) {
    each(table.tHead.rows[0].cells, function (head, column) {
      var button = make("button", head.textContent);
      button.type = "button";
      button.className = "sort";
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        sort(table, column, head.getAttribute("aria-sort") !== "ascending");
      });
    });
  });
  // On a narrow screen a table has no heads to press: the order is chosen from a list.
  function offerOrder(form, table) {
    var label = make("label", "Order by"), choice = make("select"), part = make("div");
    choice.id = table.id + "-order";
    label.htmlFor = choice.id;
    each(table.tHead.rows[0].cells, function (head, column) {
      var option = make("option", head.textContent);
      option.value = column;
      choice.appendChild(option);
    });
    choice.addEventListener("change", function () { sort(table, Number(choice.value), true); });
    part.className = "order";
    part.appendChild(label);
    part.appendChild(choice);
    form.insertBefore(part, form.querySelector("button"));
  }
  each(document.querySelectorAll("form.filter"), function (form) {
    var table = document.getElementById(form.getAttribute("data-table"));
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    var choices = form.querySelectorAll("select[name]"), told = form.querySelector(".shown");
    function fits(row, words) {
      return row.textContent.toLowerCase().indexOf(words) >= 0 &&
        Array.prototype.every.call(choices, function (choice) {
          return !choice.value || row.getAttribute("data-" + choice.name) === choice.value;
        });
    }
    function apply() {
      var words = form.querySelector("input").value.trim().toLowerCase(), shown = 0;
      rows.forEach(function (row) {
        row.hidden = !fits(row, words);
        if (!row.hidden) { shown += 1; }
      });
      told.textContent = "Showing " + shown + " of " + rows.length;
    }
    offerOrder(form, table);
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("reset", function () { window.setTimeout(apply, 0); });
    apply();
  });
  // On a narrow screen a chart scrolls: its newest end is what people come for.
  each(document.querySelectorAll(".scroll.newest"), function (part) { part.scrollLeft = part.scrollWidth; });
  window.addEventListener("beforeprint", function () {
    each(document.querySelectorAll("details.print"), function (part) { part.open = true; });
  });
}());
