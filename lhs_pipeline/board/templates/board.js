// Sorting and filtering, and open details in print. Without script the page says the same.
(function () {
  "use strict";
  function each(list, act) { Array.prototype.forEach.call(list, act); }
  function key(row, column) {
    var cell = row.cells[column];
    return cell.getAttribute("data-sort") || cell.textContent.trim().toLowerCase();
  }
  function compare(a, b) {
    var x = parseFloat(a), y = parseFloat(b);
    if (String(x) === a && String(y) === b) { return x - y; }
    return a.localeCompare(b, "en-GB", { numeric: true });
  }
  each(document.querySelectorAll("table.sortable"), function (table) {
    var heads = table.tHead.rows[0].cells, body = table.tBodies[0];
    each(heads, function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") !== "ascending";
        each(heads, function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        Array.prototype.slice.call(body.rows)
          .sort(function (a, b) { return (up ? 1 : -1) * compare(key(a, column), key(b, column)); })
          .forEach(function (row) { body.appendChild(row); });
      });
    });
  });
  each(document.querySelectorAll("form.filter"), function (form) {
    var rows = document.getElementById(form.getAttribute("data-table")).tBodies[0].rows;
    var told = form.querySelector(".shown");
    function apply() {
      var words = form.querySelector("input").value.trim().toLowerCase(), shown = 0;
      each(rows, function (row) {
        var fits = row.textContent.toLowerCase().indexOf(words) >= 0;
        each(form.querySelectorAll("select"), function (choice) {
          var wanted = choice.value;
          if (wanted && row.getAttribute("data-" + choice.name) !== wanted) { fits = false; }
        });
        row.hidden = !fits;
        if (fits) { shown += 1; }
      });
      told.textContent = "Showing " + shown + " of " + rows.length;
    }
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
